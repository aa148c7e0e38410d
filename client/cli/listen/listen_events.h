#ifndef EARSHOT_CLIENT_CLI_LISTEN_LISTEN_EVENTS_H_
#define EARSHOT_CLIENT_CLI_LISTEN_LISTEN_EVENTS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/listen/listen_report.h"
#include "client/cli/listen/stream_gaps.h"
#include "codec/coded_format.h"
#include "proto/earshot/v1/listen.pb.h"
#include "sinks/audio_sink.h"

namespace earshot {

// An epoch that is heard, checked.
struct HeardEpoch {
  uint64_t epoch = 0;
  CodedFormat format;
};
// What a server said, or what is wrong with it.
absl::StatusOr<HeardEpoch> CheckEpoch(const v1::EpochStarted& started);
absl::Status CheckPacket(const v1::DuePacket& packet);

// What is done with a stream that is heard: a card plays it, or a file keeps
// it. Thread: one.
class ListenOutput {
 public:
  virtual ~ListenOutput() = default;

  virtual absl::Status OnEpoch(const HeardEpoch& epoch, MonotonicTime now) = 0;
  // `in_time`: it was sent when it was due, not to get a decoder started.
  virtual absl::Status OnPacket(const v1::DuePacket& packet, bool in_time,
                                MonotonicTime now) = 0;
  // Nothing is missing until the next packet: silence, or a standstill.
  virtual void OnQuiet() {}
  virtual absl::Status OnPassedOver(const v1::PassedOver&) {
    return absl::OkStatus();
  }
  virtual absl::Status OnEpochEnded(const v1::EpochEnded&) {
    return absl::OkStatus();
  }
  // The call was broken, or was moved forward: what comes is not connected.
  virtual absl::Status OnCut() = 0;
  virtual void OnVolume(const v1::Volume&) {}
  // Every few milliseconds.
  virtual absl::Status OnTick(MonotonicTime) { return absl::OkStatus(); }
  // Nothing more will come.
  virtual absl::Status Finish() = 0;

  // Half a line for people: how it goes.
  virtual std::string Progress() = 0;
  // Fills in what came of it; after Finish().
  virtual void Report(ListenReport* report) const = 0;
};

// Hands what a server says to an output, checked. Thread: one.
class ListenEvents {
 public:
  explicit ListenEvents(ListenOutput* output) : output_(output) {}

  // A call begins: the server says anew how things stand.
  absl::Status OnCall();
  absl::Status OnResponse(const v1::ListenResponse& response,
                          MonotonicTime now);

  bool closed() const { return closed_; }
  const std::string& close_reason() const { return close_reason_; }
  v1::StreamState state() const { return state_; }
  int64_t moved_packets() const { return moved_packets_; }
  int64_t packets() const { return packets_; }
  const StreamGaps& stream_gaps() const { return stream_gaps_; }

 private:
  absl::Status OnPacket(const v1::DuePacket& packet, MonotonicTime now);

  ListenOutput* const output_;
  bool in_epoch_ = false;
  bool closed_ = false;
  std::string close_reason_;
  v1::StreamState state_ = v1::STREAM_STATE_UNSPECIFIED;
  int64_t snapshot_time_ns_ = 0;  // what was due before was no event
  int64_t moved_packets_ = 0;
  int64_t packets_ = 0;
  StreamGaps stream_gaps_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_LISTEN_EVENTS_H_
