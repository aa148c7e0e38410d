// Listens to a stream, and says when what is heard of it is due at the
// service's play-out, a line for each impulse:
//   sent NUMBER ID NS
//   due_listener ADDRESS STREAM
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "codec/packet_decoder.h"
#include "proto/earshot/v1/listen.grpc.pb.h"
#include "tests/benchmark/latency/impulse_detector.h"
#include "tests/benchmark/latency/impulse_signal.h"
#include "tests/benchmark/latency/sent_log.h"

namespace earshot {
namespace {

// As many frames as ImpulseDetector may look back, and more.
constexpr int64_t kRemembered = kImpulseRate / 5;

// Turns packets into sound, and finds the impulses in it.
class DueSound {
 public:
  // Nothing if it is another format than the rig's.
  bool Begin(const v1::EpochStarted& epoch) {
    CodedFormat format;
    format.codec = epoch.codec() == v1::CODEC_OPUS ? MediaCodec::kOpus
                                                   : MediaCodec::kPcmS16le;
    format.rate_hz = epoch.format().rate_hz();
    format.channels = epoch.format().channels();
    auto decoder = PacketDecoder::Create(format);
    if (!decoder.ok() || format.rate_hz != kImpulseRate ||
        format.channels != kImpulseChannels) {
      return false;
    }
    decoder_ = *std::move(decoder);
    return true;
  }

  void OnPacket(const v1::DuePacket& packet) {
    if (decoder_ == nullptr) return;
    if (packet.restart()) decoder_->Restart();
    const int frames = packet.drop_frames() + packet.frame_count();
    if (!decoder_->Decode(packet.payload(), frames, &pcm_).ok()) return;
    pieces_.push_back({end_, packet.due_time_ns()});
    while (pieces_.front().first_frame < end_ - kRemembered) {
      pieces_.pop_front();
    }
    for (size_t frame = static_cast<size_t>(packet.drop_frames());
         frame < static_cast<size_t>(frames); ++frame, ++end_) {
      const auto found = detector_.Add(pcm_[frame * kImpulseChannels]);
      if (!found.has_value()) continue;
      std::printf("sent %d %d %lld\n", count_++, found->id,
                  static_cast<long long>(DueTime(found->first_frame)));
    }
  }

 private:
  struct Piece {
    int64_t first_frame;
    int64_t due_ns;
  };

  int64_t DueTime(int64_t frame) const {
    Piece piece = pieces_.front();
    for (const Piece& one : pieces_) {
      if (one.first_frame > frame) break;
      piece = one;
    }
    return piece.due_ns +
           (frame - piece.first_frame) * 1000000000 / kImpulseRate;
  }

  std::unique_ptr<PacketDecoder> decoder_;
  std::vector<float> pcm_;
  ImpulseDetector detector_;
  std::deque<Piece> pieces_;
  int64_t end_ = 0;  // frames heard
  int count_ = 0;    // impulses
};

int Run(const std::string& address, const std::string& stream) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto stub = v1::ListenService::NewStub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  v1::ListenRequest request;
  request.set_name(stream);
  const auto call = stub->Listen(&context, request);
  DueSound sound;
  v1::ListenResponse response;
  while (call->Read(&response)) {
    if (response.has_epoch_started() &&
        !sound.Begin(response.epoch_started())) {
      std::fprintf(stderr, "another format\n");
      return 1;
    }
    if (response.has_packet()) sound.OnPacket(response.packet());
  }
  std::fprintf(stderr, "%s\n", call->Finish().error_message().c_str());
  return 1;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "due_listener ADDRESS STREAM\n");
    return 2;
  }
  return earshot::Run(argv[1], argv[2]);
}
