import json, sys  # restarts are for crashes, and what cools down has a substitute

OTHERS = {"scale_up": ["rollback", "rate_limit"], "rollback": ["scale_up", "rate_limit"]}
for said in map(json.loads, sys.stdin):
    if said["type"] == "hello":
        print(json.dumps({"type": "hello", "version": "1"}), flush=True)
    if said["type"] == "observe":
        used, actions = {None, *said["cooldowns"]}, []
        crashed = {a["server"] for a in said["alerts"] if a["alert"] == "service_down"}
        for alert in said["alerts"]:
            idle = alert["runbook"] == "restart_service" and alert["server"] not in crashed
            ways = [] if idle else [alert["runbook"], *OTHERS.get(alert["runbook"], [])]
            actions.append(next((way for way in ways if way not in used), None))
            used.add(actions[-1])
        print(json.dumps({"type": "act", "actions": actions}), flush=True)
