"""libFuzzer's last words as a RESULT line."""
import re

FIGURES = (
    ("executions", r"^stat::number_of_executed_units:\s*(\d+)"),
    ("exec_per_s", r"^stat::average_exec_per_sec:\s*(\d+)"),
    ("edges", r" cov: (\d+) "),
    ("features", r" ft: (\d+) "),
    ("inputs", r" corp: (\d+)/"),
)


def result(name, log, **more):
    """Of a whole log; None if it is no fuzzer's."""
    figures = {}
    for key, pattern in FIGURES:
        said = re.findall(pattern, log, re.MULTILINE)
        if said:
            figures[key] = said[-1]
    if "executions" not in figures:
        return None
    figures.update(more)
    return "RESULT fuzz.{} {}".format(
        name, " ".join("{}={}".format(*item) for item in figures.items()))
