"""A real server and device play, and a real Prometheus asks them."""
import re
import time
import unittest

from monitoring.files_test import dashboard, rules
from monitoring.rig.bench import Earshot, Prometheus, get, promtool

SECONDS = 90  # that the guest plays; the tests need some 30
PATIENCE_S = 60
# What the end of an alert's expression compares with.
COMPARED = re.compile(r"\s*(==|<|>)\s*[0-9.]+$")


class PlayingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.earshot = Earshot(SECONDS)
        cls.addClassCleanup(cls.earshot.close)
        cls.prometheus = Prometheus(cls.earshot)
        cls.addClassCleanup(cls.prometheus.close)
        cls.deadline = time.monotonic() + PATIENCE_S

    def without_data(self, expressions):
        """Those that have none, though they were given time."""
        while True:
            silent = [one for one in expressions if not self.prometheus.query(one)]
            if not silent or time.monotonic() > self.deadline:
                return silent
            expressions = silent
            time.sleep(0.5)

    def test_what_both_programs_say_is_as_promtool_wants_it(self):
        for address in (self.earshot.server_metrics, self.earshot.device_metrics):
            text = get(f"http://{address}/metrics")
            self.assertEqual(promtool("check", "metrics", text=text), "")
            # Labels are bounded: none has what a client or a file said.
            names = set(re.findall(r'[{,]([a-z_]+)="', text))
            self.assertLessEqual(names, {
                "vm", "stream", "state", "cause", "reason", "stage", "share", "le", "file",
                "kind", "program", "version", "result"})

    def test_every_panel_has_data(self):
        expressions = []
        for panel in dashboard()["panels"]:
            for target in panel.get("targets", []):
                text = target["expr"].replace("$__rate_interval", "10s")
                expressions.append(text.replace("$instance", ".*").replace("$vm", "desktop-.*"))
        self.assertEqual(self.without_data(expressions), [])

    def test_every_variable_has_values(self):
        for variable in dashboard()["templating"]["list"]:
            if variable["type"] == "query":
                found = re.fullmatch(r"label_values\((.*), ([a-z]+)\)", variable["definition"])
                self.assertEqual(
                    self.without_data([f"count by ({found[2]}) ({found[1]})"]), [])

    def test_every_alert_looks_at_something_that_is_there(self):
        expressions = []
        for rule in rules():
            text, count = COMPARED.subn("", " ".join(rule["expr"].split()))
            self.assertEqual(count, 1, rule["expr"])
            expressions.append(text)
        self.assertEqual(self.without_data(expressions), [])

    def test_prometheus_takes_all_rules_and_none_fires_while_all_is_well(self):
        def states():
            groups = self.prometheus.ask("rules")["groups"]
            return [rule for group in groups for rule in group["rules"]]
        while any(rule["health"] == "unknown" for rule in states()):
            self.assertLess(time.monotonic(), self.deadline)
            time.sleep(0.5)
        for rule in states():
            self.assertEqual((rule["name"], rule["health"]), (rule["name"], "ok"))
        firing = [rule["name"] for rule in states() if rule["state"] == "firing"]
        # A busy machine may be late, and says so.
        busy = {"EarshotTicksLate", "EarshotUnderruns", "EarshotNetworkPoor"}
        self.assertEqual(set(firing) - busy, set())

    def test_both_ends_count_the_same(self):
        sent = 'sum(earshot_device_stream_packets_total{vm="desktop-1"})'
        taken = 'sum(earshot_stream_packets_total{vm="desktop-1"})'

        def value(expression):
            return float(self.prometheus.query(expression)[0]["value"][1])
        self.assertEqual(self.without_data([sent, taken]), [])
        while value(taken) < 100:
            self.assertLess(time.monotonic(), self.deadline)
            time.sleep(0.5)
        # They are asked at different moments within a second: 100 packets.
        self.assertLess(abs(value(sent) - value(taken)), 250)
