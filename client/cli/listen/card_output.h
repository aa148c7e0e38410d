#ifndef EARSHOT_CLIENT_CLI_LISTEN_CARD_OUTPUT_H_
#define EARSHOT_CLIENT_CLI_LISTEN_CARD_OUTPUT_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/listen/hearing_buffer.h"
#include "client/cli/listen/listen_events.h"
#include "codec/packet_decoder.h"
#include "sinks/sink_factory.h"

namespace earshot {

// Plays a stream on a sink of this machine.
class CardOutput : public ListenOutput {
 public:
  // `vm` and `stream`: of its name, for whoever lists what plays.
  CardOutput(SinkFactory sinks, std::string vm, std::string stream)
      : sinks_(std::move(sinks)),
        vm_(std::move(vm)),
        stream_(std::move(stream)) {}
  ~CardOutput() override;

  absl::Status OnEpoch(const HeardEpoch& epoch, MonotonicTime now) override;
  absl::Status OnPacket(const v1::DuePacket& packet, bool in_time,
                        MonotonicTime now) override;
  void OnQuiet() override;
  absl::Status OnCut() override;
  void OnVolume(const v1::Volume& volume) override;
  absl::Status OnTick(MonotonicTime now) override;
  absl::Status Finish() override;
  std::string Progress() override;
  void Report(ListenReport* report) const override;

 private:
  void Close();

  const SinkFactory sinks_;
  const std::string vm_;
  const std::string stream_;
  CodedFormat format_;
  std::unique_ptr<PacketDecoder> decoder_;
  std::vector<float> pcm_;
  float gain_ = 1;
  std::unique_ptr<HearingBuffer> buffer_;
  std::unique_ptr<AudioSink> sink_;  // goes first: pulls from the buffer
  std::string problem_;              // that was said
  double heard_seconds_ = 0;         // of the buffers before
  int64_t gaps_ = 0;                 // likewise
  std::chrono::nanoseconds gap_time_{0};
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_CARD_OUTPUT_H_
