#include "server/recording/recording.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// How often the disk is asked whether it has room.
constexpr std::chrono::seconds kCheckInterval{1};

// Packets of 2.5 ms.
constexpr size_t kMostEvents = Recording::kMostSeconds * 400;

}  // namespace

Recording::Recording(const RecordingFolder* folder, RecordingRequest request)
    : file_(folder, std::move(request)) {}

void Recording::OnPlayed(const Played& played) {
  const bool counts = played.kind == Played::Kind::kPacket ||
                      played.kind == Played::Kind::kSkip ||
                      played.kind == Played::Kind::kEnd;
  if (!counts) return;
  const std::lock_guard lock(recording_mutex_);
  if (!problem_.empty() || closed_) return;
  if (played.kind == Played::Kind::kPacket) {
    waiting_frames_ += played.frame_count;
  }
  if (waiting_frames_ > int64_t{kMostSeconds} * request().params.rate_hz ||
      waiting_.size() >= kMostEvents) {
    FailLocked(absl::UnavailableError(absl::StrCat(
        "the disk is too slow: ", kMostSeconds, " s of sound wait for it")));
    return;
  }
  waiting_.push_back(played);
}

void Recording::Close() {
  const std::lock_guard lock(recording_mutex_);
  closed_ = true;
}

std::string Recording::path() const {
  const std::lock_guard lock(recording_mutex_);
  return path_;
}

std::string Recording::problem() const {
  const std::lock_guard lock(recording_mutex_);
  return problem_;
}

bool Recording::Write(MonotonicTime now) {
  std::vector<Played> played;
  bool last = false;
  {
    const std::lock_guard lock(recording_mutex_);
    played.swap(waiting_);
    waiting_frames_ = 0;
    last = closed_;
    // What was written before is made whole below.
    if (!problem_.empty()) last = true;
  }
  absl::Status status = WriteOut(played, now);
  if (!status.ok() || last) {
    // After an error too: what can be complete is to be.
    const absl::Status closed = file_.Close();
    if (status.ok()) status = closed;
  }
  const std::lock_guard lock(recording_mutex_);
  path_ = file_.path();
  if (!status.ok()) FailLocked(status);
  return status.ok() && !last;
}

absl::Status Recording::WriteOut(const std::vector<Played>& played,
                                 MonotonicTime now) {
  for (const Played& one : played) {
    if (absl::Status s = file_.Add(one); !s.ok()) return s;
  }
  if (now < next_check_) return absl::OkStatus();
  next_check_ = now + kCheckInterval;
  return file_.Check();
}

void Recording::FailLocked(const absl::Status& status) {
  waiting_.clear();
  waiting_frames_ = 0;
  if (problem_.empty()) {
    problem_ = absl::StrCat("not recorded: ", status.message());
  }
}

}  // namespace earshot
