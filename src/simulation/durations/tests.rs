//! Tables of durations against other people's numbers, and against what is expected of any of them.

use std::collections::BTreeMap;

use super::{ALL, DurationFacts, DurationModel, Half, Table};
use crate::world::Duration;

fn duration(text: &str) -> Duration {
    let table: BTreeMap<String, Duration> =
        toml::from_str(&format!("d = {text}")).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    table["d"].clone()
}

/// P(D ≤ rounds) as a threshold of 2³².
fn within(model: &DurationModel, rounds: u32) -> u64 {
    let DurationModel::Table(table) = model else {
        panic!("no table: {model:?}");
    };
    match table.rounds.partition_point(|own| *own <= rounds) {
        0 => 0,
        rows => table
            .thresholds
            .get(rows - 1)
            .map_or(ALL, |t| u64::from(*t)),
    }
}

/// What [`SCIPY`] says, to one part of 2³².
#[test]
fn thresholds_are_those_of_scipy() {
    for (law, first, second, scale, rounds, threshold) in SCIPY {
        let (a, b) = match law {
            "lognormal" => ("median", "sigma"),
            _ => ("shape", "scale"),
        };
        let text = format!("{{ {law} = {{ {a} = {first:?}, {b} = {second:?} }} }}");
        let own = within(&DurationModel::new(&duration(&text), scale), rounds);
        assert!(
            own.abs_diff(threshold) <= 1,
            "{text} × {scale} ≤ {rounds}: {own}"
        );
    }
}

/// 1 − (1 − 1 / mean)ᵏ, the scale being one of the mean.
#[test]
fn geometric_thresholds_are_their_formula() {
    for (mean, scale, rounds) in [
        (25.0, 1.0, 1),
        (25.0, 1.0, 55),
        (7.3, 0.5, 4),
        (1.7, 3.0, 9),
        (1234.5, 1.0, 403),
        (1234.5, 2.0, 1500),
        (333_333.3, 1.0, 20_000),
    ] {
        let text = format!("{{ geometric = {{ mean = {mean:?} }} }}");
        let own = within(&DurationModel::new(&duration(&text), scale), rounds);
        let left = (f64::from(rounds) * (-1.0 / (mean * scale)).ln_1p()).exp();
        let expected = ((1.0 - left) * ALL as f64).round() as u64;
        assert!(
            own.abs_diff(expected) <= 1,
            "{text} × {scale} ≤ {rounds}: {own}, {expected}"
        );
    }
    let always = DurationModel::new(&duration("{ geometric = { mean = 1 } }"), 0.3);
    assert!(matches!(always, DurationModel::Fixed(1)));
}

/// Whole numbers, ranges and weights: each has its share of the 2³² values of a half.
#[test]
fn shares_are_as_written() {
    let uniform = DurationModel::new(&duration("[5, 8]"), 1.0);
    let quarter = u32::MAX / 4;
    for (bits, rounds) in [(0, 5), (quarter, 5), (quarter + 1, 6), (u32::MAX, 8)] {
        assert_eq!(uniform.at(Half::of(bits)), rounds);
    }
    let text = "{ values = [[30, 3], [5, 1], [0, 0], [77, 0]] }";
    let weighted = DurationModel::new(&duration(text), 1.0);
    for (bits, rounds) in [(0, 5), (quarter, 5), (quarter + 1, 30), (u32::MAX, 30)] {
        assert_eq!(weighted.at(Half::of(bits)), rounds);
    }
    for (text, scale, rounds) in [
        ("3", 1.0, 3),
        ("3", 0.5, 2),
        ("3", 1e-9, 1),
        ("0", 7.0, 0),
        ("1000000000", 3.0, 1_000_000_000),
        ("{ values = [[0, 2]] }", 3.0, 0),
        ("{ lognormal = { median = 7.6, sigma = 0 } }", 1.0, 8),
    ] {
        let model = DurationModel::new(&duration(text), scale);
        for bits in [0, 77, u32::MAX] {
            assert_eq!(model.at(Half::of(bits)), rounds, "{text} × {scale}");
        }
    }
}

const LAWS: [&str; 9] = [
    "{ lognormal = { median = 20, sigma = 1.1 } }",
    "{ lognormal = { median = 30000, sigma = 0.01 } }",
    "{ lognormal = { median = 50000, sigma = 60 } }",
    "{ weibull = { shape = 0.8, scale = 30 } }",
    "{ weibull = { shape = 0.1, scale = 1 } }",
    "{ weibull = { shape = 1e300, scale = 9.5 } }",
    "{ geometric = { mean = 100000 } }",
    "{ geometric = { mean = 1e300 } }",
    "{ values = [[5, 0.2], [30, 0.8]] }",
];

/// Tables are small, none is shorter than a round or goes down, and a greater scale is never shorter.
#[test]
fn tables_are_sound() {
    for text in LAWS {
        let of = |scale| DurationModel::new(&duration(text), scale);
        let (slow, fast) = (of(1.0), of(0.25));
        if let DurationModel::Table(Table {
            thresholds, rounds, ..
        }) = &slow
        {
            assert_eq!(thresholds.len() + 1, rounds.len(), "{text}");
            assert!(rounds.len() < 12_000, "{text}: {}", rounds.len());
            assert!(thresholds.is_sorted_by(|a, b| a < b), "{text}");
            assert!(rounds.is_sorted_by(|a, b| a < b), "{text}");
        }
        let mut before = 0;
        for bits in (0..=u32::MAX).step_by(9_999_991) {
            let rounds = slow.at(Half::of(bits));
            assert!(
                rounds >= before && (1..=1_000_000_000).contains(&rounds),
                "{text}"
            );
            let less = fast.at(Half::of(bits));
            assert!(less <= rounds && less > 0, "{text}");
            before = rounds;
        }
    }
}

/// Mean, median and 99 % are the law's, within a half round or the 0.1 % of a row.
#[test]
fn facts_are_those_of_the_law() {
    for (text, mean, median, p99) in [
        (LAWS[0], 36.627, 20.0, 258.4),
        (LAWS[3], 33.99, 18.97, 202.4),
        (LAWS[6], 100_000.0, 69_315.0, 460_515.0),
        (LAWS[8], 25.0, 30.0, 30.0),
        ("[5, 8]", 6.5, 6.0, 8.0),
        ("12", 12.0, 12.0, 12.0),
    ] {
        let facts = DurationFacts::of(&duration(text), 1.0);
        for (own, law) in [
            (facts.mean, mean),
            (f64::from(facts.median), median),
            (f64::from(facts.p99), p99),
        ] {
            assert!((own - law).abs() <= 0.51 + 0.001 * law, "{text}: {facts:?}");
        }
        assert!(facts.longest < 3_000_000, "{text}: {facts:?}");
    }
    let endless = DurationFacts::of(&duration(LAWS[7]), 1.0);
    assert_eq!(endless.longest, 1_000_000_000, "{endless:?}");
}

/// Law, its two numbers, scale, rounds, and round(2³² P(D ≤ rounds)), made by
///
/// ```python
/// from scipy.stats import lognorm, weibull_min
/// laws=[("lognormal",20,1.1),("lognormal",76,1.11),("lognormal",3.7,0.43),("lognormal",1537.5,1.3),
///       ("weibull",0.8,30),("weibull",1.7,12.3),("weibull",0.45,400),("weibull",3.1,2222.2)]
/// for scale in (1.0,0.37):
///   for kind,a,b in laws:
///     for k in (1,2,3,7,20,55,148,403,1023,1500,3000,20000):
///         x=(k+.5)/scale
///         f=lognorm.cdf(x,s=b,scale=a) if kind=="lognormal" else weibull_min.cdf(x,a,scale=b)
///         if f>2e-10 and 1-f>2.4e-10: print(f'("{kind}", {a}, {b}, {scale}, {k}, {round(2**32*f)}),')
/// ```
///
/// with scipy 1.17.1.
#[rustfmt::skip]
const SCIPY: [(&str, f64, f64, f64, u32, u64); 151] = [
    ("lognormal", 20.0, 1.1, 1.0, 1, 39_799_871),
    ("lognormal", 20.0, 1.1, 1.0, 2, 126_066_516),
    ("lognormal", 20.0, 1.1, 1.0, 3, 242_828_842),
    ("lognormal", 20.0, 1.1, 1.0, 7, 800_095_744),
    ("lognormal", 20.0, 1.1, 1.0, 20, 2_185_943_518),
    ("lognormal", 20.0, 1.1, 1.0, 55, 3_535_879_164),
    ("lognormal", 20.0, 1.1, 1.0, 148, 4_148_154_569),
    ("lognormal", 20.0, 1.1, 1.0, 403, 4_281_420_423),
    ("lognormal", 20.0, 1.1, 1.0, 1_023, 4_294_222_345),
    ("lognormal", 20.0, 1.1, 1.0, 1_500, 4_294_781_271),
    ("lognormal", 20.0, 1.1, 1.0, 3_000, 4_294_956_061),
    ("lognormal", 76.0, 1.11, 1.0, 1, 871_466),
    ("lognormal", 76.0, 1.11, 1.0, 2, 4_504_250),
    ("lognormal", 76.0, 1.11, 1.0, 3, 11_929_549),
    ("lognormal", 76.0, 1.11, 1.0, 7, 79_346_113),
    ("lognormal", 76.0, 1.11, 1.0, 20, 510_710_436),
    ("lognormal", 76.0, 1.11, 1.0, 55, 1_668_647_813),
    ("lognormal", 76.0, 1.11, 1.0, 148, 3_122_020_068),
    ("lognormal", 76.0, 1.11, 1.0, 403, 4_010_252_547),
    ("lognormal", 76.0, 1.11, 1.0, 1_023, 4_253_839_628),
    ("lognormal", 76.0, 1.11, 1.0, 1_500, 4_279_495_043),
    ("lognormal", 76.0, 1.11, 1.0, 3_000, 4_292_974_721),
    ("lognormal", 76.0, 1.11, 1.0, 20_000, 4_294_966_189),
    ("lognormal", 3.7, 0.43, 1.0, 1, 76_785_238),
    ("lognormal", 3.7, 0.43, 1.0, 2, 777_202_435),
    ("lognormal", 3.7, 0.43, 1.0, 3, 1_926_666_298),
    ("lognormal", 3.7, 0.43, 1.0, 7, 4_079_479_447),
    ("lognormal", 3.7, 0.43, 1.0, 20, 4_294_820_300),
    ("lognormal", 1537.5, 1.3, 1.0, 1, 208),
    ("lognormal", 1537.5, 1.3, 1.0, 2, 1_680),
    ("lognormal", 1537.5, 1.3, 1.0, 3, 6_134),
    ("lognormal", 1537.5, 1.3, 1.0, 7, 90_808),
    ("lognormal", 1537.5, 1.3, 1.0, 20, 1_925_199),
    ("lognormal", 1537.5, 1.3, 1.0, 55, 22_802_145),
    ("lognormal", 1537.5, 1.3, 1.0, 148, 155_017_782),
    ("lognormal", 1537.5, 1.3, 1.0, 403, 651_689_297),
    ("lognormal", 1537.5, 1.3, 1.0, 1_023, 1_619_768_246),
    ("lognormal", 1537.5, 1.3, 1.0, 1_500, 2_115_379_098),
    ("lognormal", 1537.5, 1.3, 1.0, 3_000, 2_991_390_017),
    ("lognormal", 1537.5, 1.3, 1.0, 20_000, 4_190_955_458),
    ("weibull", 0.8, 30.0, 1.0, 1, 373_696_708),
    ("weibull", 0.8, 30.0, 1.0, 2, 549_806_239),
    ("weibull", 0.8, 30.0, 1.0, 3, 704_963_077),
    ("weibull", 0.8, 30.0, 1.0, 7, 1_206_833_487),
    ("weibull", 0.8, 30.0, 1.0, 20, 2_240_454_107),
    ("weibull", 0.8, 30.0, 1.0, 55, 3_458_345_443),
    ("weibull", 0.8, 30.0, 1.0, 148, 4_177_010_173),
    ("weibull", 0.8, 30.0, 1.0, 403, 4_293_523_516),
    ("weibull", 0.8, 30.0, 1.0, 1_023, 4_294_967_088),
    ("weibull", 1.7, 12.3, 1.0, 1, 118_418_433),
    ("weibull", 1.7, 12.3, 1.0, 2, 276_841_596),
    ("weibull", 1.7, 12.3, 1.0, 3, 478_249_062),
    ("weibull", 1.7, 12.3, 1.0, 7, 1_504_642_945),
    ("weibull", 1.7, 12.3, 1.0, 20, 3_898_697_261),
    ("weibull", 1.7, 12.3, 1.0, 55, 4_294_957_148),
    ("weibull", 0.45, 400.0, 1.0, 1, 334_049_290),
    ("weibull", 0.45, 400.0, 1.0, 2, 416_071_394),
    ("weibull", 0.45, 400.0, 1.0, 3, 480_147_694),
    ("weibull", 0.45, 400.0, 1.0, 7, 660_755_076),
    ("weibull", 0.45, 400.0, 1.0, 20, 992_059_894),
    ("weibull", 0.45, 400.0, 1.0, 55, 1_447_899_470),
    ("weibull", 0.45, 400.0, 1.0, 148, 2_030_830_756),
    ("weibull", 0.45, 400.0, 1.0, 403, 2_721_131_419),
    ("weibull", 0.45, 400.0, 1.0, 1_023, 3_361_416_474),
    ("weibull", 0.45, 400.0, 1.0, 1_500, 3_594_129_222),
    ("weibull", 0.45, 400.0, 1.0, 3_000, 3_933_973_783),
    ("weibull", 0.45, 400.0, 1.0, 20_000, 4_282_156_212),
    ("weibull", 3.1, 2222.2, 1.0, 2, 3),
    ("weibull", 3.1, 2222.2, 1.0, 3, 9),
    ("weibull", 3.1, 2222.2, 1.0, 7, 93),
    ("weibull", 3.1, 2222.2, 1.0, 20, 2_110),
    ("weibull", 3.1, 2222.2, 1.0, 55, 46_263),
    ("weibull", 3.1, 2222.2, 1.0, 148, 977_765),
    ("weibull", 3.1, 2222.2, 1.0, 403, 21_624_769),
    ("weibull", 3.1, 2222.2, 1.0, 1_023, 371_294_753),
    ("weibull", 3.1, 2222.2, 1.0, 1_500, 1_100_451_059),
    ("weibull", 3.1, 2222.2, 1.0, 3_000, 3_955_125_793),
    ("lognormal", 20.0, 1.1, 0.37, 1, 315_253_619),
    ("lognormal", 20.0, 1.1, 0.37, 2, 695_506_187),
    ("lognormal", 20.0, 1.1, 0.37, 3, 1_065_349_054),
    ("lognormal", 20.0, 1.1, 0.37, 7, 2_168_391_851),
    ("lognormal", 20.0, 1.1, 0.37, 20, 3_534_150_207),
    ("lognormal", 20.0, 1.1, 0.37, 55, 4_151_103_815),
    ("lognormal", 20.0, 1.1, 0.37, 148, 4_281_219_558),
    ("lognormal", 20.0, 1.1, 0.37, 403, 4_294_370_751),
    ("lognormal", 20.0, 1.1, 0.37, 1_023, 4_294_951_369),
    ("lognormal", 20.0, 1.1, 0.37, 1_500, 4_294_964_352),
    ("lognormal", 20.0, 1.1, 0.37, 3_000, 4_294_967_193),
    ("lognormal", 76.0, 1.11, 0.37, 1, 17_774_803),
    ("lognormal", 76.0, 1.11, 0.37, 2, 62_773_964),
    ("lognormal", 76.0, 1.11, 0.37, 3, 129_895_845),
    ("lognormal", 76.0, 1.11, 0.37, 7, 502_095_398),
    ("lognormal", 76.0, 1.11, 0.37, 20, 1_666_118_629),
    ("lognormal", 76.0, 1.11, 0.37, 55, 3_134_916_092),
    ("lognormal", 76.0, 1.11, 0.37, 148, 4_007_583_197),
    ("lognormal", 76.0, 1.11, 0.37, 403, 4_259_732_746),
    ("lognormal", 76.0, 1.11, 0.37, 1_023, 4_292_384_982),
    ("lognormal", 76.0, 1.11, 0.37, 1_500, 4_294_237_714),
    ("lognormal", 76.0, 1.11, 0.37, 3_000, 4_294_911_785),
    ("lognormal", 76.0, 1.11, 0.37, 20_000, 4_294_967_289),
    ("lognormal", 3.7, 0.43, 0.37, 1, 2_508_905_937),
    ("lognormal", 3.7, 0.43, 0.37, 2, 3_948_434_315),
    ("lognormal", 3.7, 0.43, 0.37, 3, 4_232_610_582),
    ("lognormal", 3.7, 0.43, 0.37, 7, 4_294_803_215),
    ("lognormal", 1537.5, 1.3, 0.37, 1, 10_582),
    ("lognormal", 1537.5, 1.3, 0.37, 2, 64_020),
    ("lognormal", 1537.5, 1.3, 0.37, 3, 193_278),
    ("lognormal", 1537.5, 1.3, 0.37, 7, 1_866_252),
    ("lognormal", 1537.5, 1.3, 0.37, 20, 22_716_328),
    ("lognormal", 1537.5, 1.3, 0.37, 55, 157_667_340),
    ("lognormal", 1537.5, 1.3, 0.37, 148, 647_553_571),
    ("lognormal", 1537.5, 1.3, 0.37, 403, 1_699_972_633),
    ("lognormal", 1537.5, 1.3, 0.37, 1_023, 2_896_047_766),
    ("lognormal", 1537.5, 1.3, 0.37, 1_500, 3_316_521_713),
    ("lognormal", 1537.5, 1.3, 0.37, 3_000, 3_863_645_069),
    ("lognormal", 1537.5, 1.3, 0.37, 20_000, 4_281_706_846),
    ("weibull", 0.8, 30.0, 0.37, 1, 784_369_529),
    ("weibull", 0.8, 30.0, 0.37, 2, 1_124_149_889),
    ("weibull", 0.8, 30.0, 0.37, 3, 1_407_857_296),
    ("weibull", 0.8, 30.0, 0.37, 7, 2_226_811_577),
    ("weibull", 0.8, 30.0, 0.37, 20, 3_456_476_963),
    ("weibull", 0.8, 30.0, 0.37, 55, 4_180_384_130),
    ("weibull", 0.8, 30.0, 0.37, 148, 4_293_473_449),
    ("weibull", 0.8, 30.0, 0.37, 403, 4_294_967_209),
    ("weibull", 1.7, 12.3, 0.37, 1, 604_002_794),
    ("weibull", 1.7, 12.3, 0.37, 2, 1_301_985_905),
    ("weibull", 1.7, 12.3, 0.37, 3, 2_030_110_333),
    ("weibull", 1.7, 12.3, 0.37, 7, 3_880_365_910),
    ("weibull", 1.7, 12.3, 0.37, 20, 4_294_956_760),
    ("weibull", 0.45, 400.0, 0.37, 1, 510_940_766),
    ("weibull", 0.45, 400.0, 0.37, 2, 632_796_505),
    ("weibull", 0.45, 400.0, 0.37, 3, 726_986_207),
    ("weibull", 0.45, 400.0, 0.37, 7, 987_668_857),
    ("weibull", 0.45, 400.0, 0.37, 20, 1_447_001_088),
    ("weibull", 0.45, 400.0, 0.37, 55, 2_037_392_178),
    ("weibull", 0.45, 400.0, 0.37, 148, 2_717_335_151),
    ("weibull", 0.45, 400.0, 0.37, 403, 3_401_782_344),
    ("weibull", 0.45, 400.0, 0.37, 1_023, 3_900_388_808),
    ("weibull", 0.45, 400.0, 0.37, 1_500, 4_042_995_932),
    ("weibull", 0.45, 400.0, 0.37, 3_000, 4_205_706_866),
    ("weibull", 0.45, 400.0, 0.37, 20_000, 4_294_485_774),
    ("weibull", 3.1, 2222.2, 0.37, 1, 14),
    ("weibull", 3.1, 2222.2, 0.37, 2, 68),
    ("weibull", 3.1, 2222.2, 0.37, 3, 192),
    ("weibull", 3.1, 2222.2, 0.37, 7, 2_038),
    ("weibull", 3.1, 2222.2, 0.37, 20, 46_019),
    ("weibull", 3.1, 2222.2, 0.37, 55, 1_008_705),
    ("weibull", 3.1, 2222.2, 0.37, 148, 21_270_669),
    ("weibull", 3.1, 2222.2, 0.37, 403, 447_651_396),
    ("weibull", 3.1, 2222.2, 0.37, 1_023, 3_696_963_394),
    ("weibull", 3.1, 2222.2, 0.37, 1_500, 4_288_211_081),
];
