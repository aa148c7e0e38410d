#include "metrics/process_metrics.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "metrics/families.h"

namespace earshot::metrics {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_usec) / 1e6;
}

// The pages that are in memory.
std::optional<double> ResidentBytes() {
  char text[256] = {};
  const int descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  const ssize_t size = read(descriptor, text, sizeof(text) - 1);
  close(descriptor);
  if (size <= 0) return std::nullopt;
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
  int64_t pages = 0;
  if (words.size() < 2 || !absl::SimpleAtoi(words[1], &pages)) {
    return std::nullopt;
  }
  return static_cast<double>(pages * sysconf(_SC_PAGESIZE));
}

std::optional<double> CountEntries(const char* folder) {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator it(folder, error), end;
       !error && it != end; it.increment(error)) {
    ++count;
  }
  if (error) return std::nullopt;
  return count;
}

}  // namespace

ProcessMetrics::ProcessMetrics(std::string program, std::string version)
    : program_(std::move(program)),
      version_(std::move(version)),
      start_(std::chrono::system_clock::now()) {}

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  families.push_back(Gauge("earshot_build_info",
                           "Which program of which version: always 1.", 1,
                           {{"program", program_}, {"version", version_}}));
  families.push_back(
      Gauge("process_start_time_seconds", "When it started, in UNIX time.",
            std::chrono::duration<double>(start_.time_since_epoch()).count()));
  rusage usage = {};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    families.push_back(
        Counter("process_cpu_seconds_total", "CPU time of user and system.",
                Seconds(usage.ru_utime) + Seconds(usage.ru_stime)));
  }
  if (const auto bytes = ResidentBytes(); bytes.has_value()) {
    families.push_back(Gauge("process_resident_memory_bytes",
                             "Memory that is resident.", *bytes));
  }
  if (const auto count = CountEntries("/proc/self/fd"); count.has_value()) {
    // One is the folder's own.
    families.push_back(
        Gauge("process_open_fds", "Descriptors that are open.", *count - 1));
  }
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(Gauge("process_max_fds",
                             "How many descriptors there may be.",
                             static_cast<double>(limit.rlim_cur)));
  }
  if (const auto count = CountEntries("/proc/self/task"); count.has_value()) {
    families.push_back(
        Gauge("process_threads", "Threads that there are.", *count));
  }
  return families;
}

}  // namespace earshot::metrics
