// Runs the benchmarks that are linked in and prints, beside Google Benchmark's
// table, one line for each that programs can read:
//   RESULT benchmark.Name/args cpu_us=… [counter=…] [ratio=…]
// `ratio` compares a benchmark with its floor, the one of the same name behind
// the prefix "Floor": FloorEncode/5 is the floor of Encode/5.
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"

namespace {

constexpr char kFloor[] = "Floor";

class ResultReporter : public benchmark::ConsoleReporter {
 public:
  ResultReporter() : ConsoleReporter(OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      // One that ended in an error was not measured.
      if (run.real_accumulated_time == 0) continue;
      // Of repetitions only the median counts, else the only run.
      if (run.repetitions > 1 && run.aggregate_name != "median") continue;
      runs_.push_back(run);
    }
  }

  void Finalize() override {
    std::map<std::string, double> cpu_us;
    for (const Run& run : runs_) cpu_us[Name(run)] = CpuMicroseconds(run);
    for (const Run& run : runs_) {
      const std::string name = Name(run);
      std::printf("RESULT benchmark.%s cpu_us=%.3f", name.c_str(),
                  CpuMicroseconds(run));
      for (const auto& [counter, value] : run.counters) {
        std::printf(" %s=%.4g", counter.c_str(), static_cast<double>(value));
      }
      const auto floor = cpu_us.find(kFloor + name);
      if (floor != cpu_us.end()) {
        std::printf(" ratio=%.3f", CpuMicroseconds(run) / floor->second);
      }
      std::printf("\n");
    }
  }

 private:
  static std::string Name(const Run& run) {
    std::string name = run.run_name.function_name;
    if (!run.run_name.args.empty()) name += "/" + run.run_name.args;
    return name;
  }

  static double CpuMicroseconds(const Run& run) {
    return run.iterations == 0
               ? 0
               : run.GetAdjustedCPUTime() /
                     benchmark::GetTimeUnitMultiplier(run.time_unit) * 1e6;
  }

  std::vector<Run> runs_;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  ResultReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  return 0;
}
