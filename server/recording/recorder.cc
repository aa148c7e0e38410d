#include "server/recording/recorder.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace earshot {
namespace {

constexpr std::chrono::milliseconds kWriteInterval{100};
constexpr std::chrono::seconds kDeletionInterval{60};
// Guests may begin epochs as often as they like.
constexpr int kLinesPerSecond = 1;
constexpr int kLinesAtOnce = 20;

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

}  // namespace

absl::StatusOr<std::unique_ptr<Recorder>> Recorder::Create(
    RecordOptions options) {
  const absl::Status status = RecordingFolder(options).Prepare();
  if (!status.ok()) return status;
  return std::unique_ptr<Recorder>(new Recorder(std::move(options)));
}

Recorder::Recorder(RecordOptions options)
    : folder_(std::move(options)),
      failure_lines_(kLinesPerSecond, kLinesAtOnce, Now()),
      thread_([this] { Run(); }) {}

Recorder::~Recorder() {
  {
    const std::lock_guard lock(recorder_mutex_);
    stopped_ = true;
    for (const auto& recording : recordings_) recording->Close();
  }
  changed_.notify_one();
  thread_.join();
}

std::shared_ptr<Recording> Recorder::Begin(RecordingRequest request) {
  auto recording = std::make_shared<Recording>(&folder_, std::move(request));
  {
    const std::lock_guard lock(recorder_mutex_);
    recordings_.push_back(recording);
    ++counts_.active;
  }
  changed_.notify_one();
  return recording;
}

RecordingCounts Recorder::counts() const {
  const std::lock_guard lock(recorder_mutex_);
  RecordingCounts counts = counts_;
  counts.stopped =
      std::count_if(failed_.begin(), failed_.end(),
                    [](const auto& one) { return !one.expired(); });
  return counts;
}

void Recorder::Run() {
  bool stopped = false;
  while (!stopped) {
    {
      std::unique_lock lock(recorder_mutex_);
      // While nothing is recorded, it only wakes to delete what is too old.
      changed_.wait_for(lock, kDeletionInterval,
                        [this] { return stopped_ || !recordings_.empty(); });
      changed_.wait_for(
          lock,
          recordings_.empty() ? std::chrono::milliseconds(0) : kWriteInterval,
          [this] { return stopped_; });
      stopped = stopped_;
    }
    const MonotonicTime now = Now();
    WriteAll(now);
    if (now >= next_deletion_) DeleteOld(now);
  }
}

void Recorder::WriteAll(MonotonicTime now) {
  std::vector<std::shared_ptr<Recording>> all;
  {
    const std::lock_guard lock(recorder_mutex_);
    all = recordings_;
  }
  for (const auto& recording : all) {
    if (!recording->Write(now)) Finish(recording, now);
  }
}

void Recorder::Finish(const std::shared_ptr<Recording>& recording,
                      MonotonicTime now) {
  const std::string problem = recording->problem();
  const RecordingRequest& request = recording->request();
  if (problem.empty()) {
    if (!recording->path().empty()) {
      spdlog::info("recorded stream={} epoch={} file={}", request.name,
                   request.params.epoch, recording->path());
    }
  } else if (failure_lines_.Take(1, now)) {
    spdlog::error(
        "recording failed stream={} epoch={} file={} error=\"{}\" unsaid={}",
        request.name, request.params.epoch, recording->path(), problem,
        std::exchange(failures_unsaid_, 0));
  } else {
    ++failures_unsaid_;
  }
  const std::lock_guard lock(recorder_mutex_);
  std::erase(recordings_, recording);
  std::erase_if(failed_, [](const auto& one) { return one.expired(); });
  --counts_.active;
  if (problem.empty()) {
    ++counts_.complete;
  } else {
    ++counts_.failed;
    failed_.push_back(recording);
  }
}

void Recorder::DeleteOld(MonotonicTime now) {
  next_deletion_ = now + kDeletionInterval;
  std::set<std::string> in_use;
  {
    const std::lock_guard lock(recorder_mutex_);
    for (const auto& recording : recordings_) {
      in_use.insert(recording->path());
    }
  }
  folder_.DeleteOld(in_use, std::filesystem::file_time_type::clock::now());
}

}  // namespace earshot
