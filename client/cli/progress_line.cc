#include "client/cli/progress_line.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace earshot {
namespace {

constexpr int kBarWidth = 30;

std::string Clock(int64_t frames, int rate_hz) {
  const int64_t seconds = frames / rate_hz;
  return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
}

int64_t Milliseconds(int64_t frames, int rate_hz) {
  return frames * 1000 / rate_hz;
}

const char* StateOf(const PlayerStats& stats) {
  if (stats.drained) return "done";
  if (!stats.connected) return "no service: sound is lost";
  if (stats.free_run) return "no grant: sound is lost";
  if (stats.played == 0) return "starting";
  return "playing";
}

}  // namespace

std::string ProgressLine(const PlayerStats& stats, int64_t total_frames,
                         int64_t delay_frames) {
  if (stats.rate_hz <= 0) return "";
  const int64_t played = std::max<int64_t>(stats.played, 0);
  std::string line;
  if (total_frames > 0) {
    const auto filled = static_cast<int>(
        std::min<int64_t>(kBarWidth, played * kBarWidth / total_frames));
    line = absl::StrCat("[", std::string(filled, '='),
                        std::string(kBarWidth - filled, ' '), "] ",
                        Clock(played, stats.rate_hz), " / ",
                        Clock(total_frames, stats.rate_hz));
  } else {
    line = Clock(played, stats.rate_hz);
  }
  absl::StrAppend(&line, "  lead ", Milliseconds(delay_frames, stats.rate_hz),
                  " ms  ", StateOf(stats));
  return line;
}

std::string SummaryLine(const PlayerStats& stats, const std::string& source,
                        const std::string& server, int64_t delay_frames) {
  if (stats.rate_hz <= 0) return "";
  const int64_t played =
      std::max<int64_t>(stats.played - stats.skipped - stats.lost, 0);
  return absl::StrFormat(
      "%s: %d of %d frames played (%.3f s) at %s, %d skipped, %d lost, "
      "lead %d ms, %d packets, %d bytes",
      source, played, stats.produced,
      static_cast<double>(played) / stats.rate_hz, server, stats.skipped,
      stats.lost, Milliseconds(delay_frames, stats.rate_hz), stats.packets,
      stats.payload_bytes);
}

}  // namespace earshot
