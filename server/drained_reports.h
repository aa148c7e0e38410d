#ifndef EARSHOT_SERVER_DRAINED_REPORTS_H_
#define EARSHOT_SERVER_DRAINED_REPORTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace earshot {

// What Drained says.
struct DrainedReport {
  uint64_t epoch = 0;
  int64_t played_frame = 0;
};

// The epochs that were played to their end, to be told to the client in order.
// What was told on a call that broke may never have arrived, so the last ones
// are kept to be told again. Thread: none of its own; Session serializes calls.
class DrainedReports {
 public:
  // Told, and kept all the same.
  static constexpr size_t kKept = 16;

  void Add(const DrainedReport& report) { reports_.push_back(report); }
  // The next one that the call is to be told.
  std::optional<DrainedReport> Take();
  bool empty() const { return told_ == reports_.size(); }
  // Those that were told on no call.
  size_t untold() const { return reports_.size() - ever_told_; }
  // A new call goes on, of whose epochs `oldest` is the first that the client
  // does not know as played; 0 if it knows all.
  void TellAgain(uint64_t oldest);

 private:
  std::deque<DrainedReport> reports_;
  size_t told_ = 0;       // on this call
  size_t ever_told_ = 0;  // on any
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_DRAINED_REPORTS_H_
