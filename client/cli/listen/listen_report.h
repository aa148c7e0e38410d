#ifndef EARSHOT_CLIENT_CLI_LISTEN_LISTEN_REPORT_H_
#define EARSHOT_CLIENT_CLI_LISTEN_LISTEN_REPORT_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace earshot {

// What came of a hearing.
struct ListenReport {
  std::string stream;  // vms/{vm}/streams/{id}
  // Where it went: "pulse", "a.opus"; and what that says of itself.
  std::string output;
  std::string summary;
  double seconds = 0;  // that were heard, or written
  // This listener's: where sound came too late for the card, or the card was
  // served too late; the latter's time is not known.
  int64_t gaps = 0;
  std::chrono::nanoseconds gap_time{0};
  // What the server left out, as it was not read in time.
  int64_t left_out_packets = 0;
  // Those of the stream itself: see StreamGaps.
  int64_t stream_gaps = 0;
  std::chrono::nanoseconds stream_gap_time{0};
  int64_t reconnects = 0;
  bool closed = false;
  std::string close_reason;
};

// One line each: for people, and as JSON, in which each field is there.
std::string InWords(const ListenReport& report);
std::string ToJson(const ListenReport& report);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_LISTEN_REPORT_H_
