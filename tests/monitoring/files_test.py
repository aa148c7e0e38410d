"""The files of deploy/monitoring, and the rules by recorded series."""
import json
import unittest

import yaml

from monitoring.rig import bench
from monitoring.rig.bench import MONITORING, promtool

HERE = bench.ROOT / "tests/monitoring"


def rules():
    groups = yaml.safe_load((MONITORING / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard():
    return json.loads((MONITORING / "dashboard.json").read_text())


class RulesTest(unittest.TestCase):
    def test_rules_and_configuration_are_right(self):
        promtool("check", "rules", MONITORING / "rules.yml")
        promtool("check", "config", MONITORING / "prometheus.yml")

    def test_each_alert_says_what_is_wrong_and_what_to_do(self):
        for rule in rules():
            with self.subTest(rule["alert"]):
                self.assertEqual(set(rule["annotations"]), {"summary", "description"})
                self.assertIn(rule["labels"]["severity"], ("critical", "warning"))

    def test_each_alert_fires_for_what_it_is_about_and_only_then(self):
        folder = bench.FOLDER / "rules"
        folder.mkdir()
        text = yaml.safe_load((MONITORING / "rules.yml").read_text())
        for group in text["groups"]:
            for rule in group["rules"]:
                del rule["annotations"]  # texts are not repeated in the test
        (folder / "rules.yml").write_text(yaml.safe_dump(text))
        tests = (HERE / "rules_test.yml").read_text()
        (folder / "rules_test.yml").write_text(tests)
        promtool("test", "rules", folder / "rules_test.yml")
        names = {test["name"] for test in yaml.safe_load(tests)["tests"]}
        for rule in rules():
            self.assertLessEqual(
                {f"{rule['alert']} fires", f"{rule['alert']} does not"}, names)


class DashboardTest(unittest.TestCase):
    def test_it_has_what_grafana_needs(self):
        board = dashboard()
        self.assertGreaterEqual(board["schemaVersion"], 39)
        self.assertEqual([one["name"] for one in board["templating"]["list"]],
                         ["datasource", "instance", "vm"])
        ids = [panel["id"] for panel in board["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        for panel in board["panels"]:
            with self.subTest(panel["title"]):
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24)
                if panel["type"] != "row":
                    self.assertTrue(panel["description"])
                    self.assertTrue(panel["targets"])
                    self.assertEqual(panel["datasource"]["uid"], "${datasource}")

    def test_no_panels_overlap(self):
        taken = set()
        for panel in dashboard()["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(taken & cells, panel["title"])
            taken |= cells
