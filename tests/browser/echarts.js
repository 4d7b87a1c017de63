// The parts of Apache ECharts that a report uses; `npm run echarts` makes page/echarts.min.js of it.
export { init } from "echarts/core";
import { use } from "echarts/core";
import { BarChart, CustomChart, LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, CustomChart, LineChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);
