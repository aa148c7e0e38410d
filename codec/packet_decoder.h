#ifndef EARSHOT_CODEC_PACKET_DECODER_H_
#define EARSHOT_CODEC_PACKET_DECODER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "codec/coded_format.h"

struct OpusDecoder;
struct OpusMSDecoder;

namespace earshot {

// Turns the packets of one epoch into interleaved float PCM: Opus (RFC 6716;
// more than two channels as RFC 7845, 5.1.1.2 has it) or S16LE. It drops the
// pre-skip each time that the codec starts anew (at first the pre-roll, if
// there is one), and cuts each packet at its frame_count, so positions are
// exact to the frame. Thread: one at a time.
class PacketDecoder {
 public:
  // Whether such an epoch can be decoded.
  static absl::StatusOr<std::unique_ptr<PacketDecoder>> Create(
      const CodedFormat& format);
  ~PacketDecoder();

  PacketDecoder(const PacketDecoder&) = delete;
  PacketDecoder& operator=(const PacketDecoder&) = delete;

  // The frames that a payload decodes to, before pre-skip and cutting; an
  // error if it is no packet. Only looks at it, so any thread may ask.
  static absl::StatusOr<int> CountFrames(MediaCodec codec, int rate_hz,
                                         int channels,
                                         absl::string_view payload);

  // The codec starts anew, after a skip.
  void Restart();

  // Replaces *pcm by the frame_count frames of the packet. An error, with *pcm
  // unspecified, if the payload is no packet or holds fewer frames.
  absl::Status Decode(absl::string_view payload, int frame_count,
                      std::vector<float>* pcm);
  // The frames that came before those of the last packet, and were dropped.
  int dropped_frames() const { return dropped_; }

 private:
  struct OpusDeleter {
    void operator()(OpusDecoder* decoder) const;
    void operator()(OpusMSDecoder* decoder) const;
  };

  explicit PacketDecoder(const CodedFormat& format);

  int DecodeOpus(absl::string_view payload, float* pcm, int frames);

  const MediaCodec codec_;
  const int rate_hz_;
  const int channels_;
  const int pre_skip_frames_;
  int left_to_drop_;
  int dropped_ = 0;  // of the last packet
  // For Opus one of them: a decoder of several streams asks the processor for
  // its features at each packet, where a virtual machine's traps.
  std::unique_ptr<OpusDecoder, OpusDeleter> one_stream_;
  std::unique_ptr<OpusMSDecoder, OpusDeleter> streams_;
};

}  // namespace earshot

#endif  // EARSHOT_CODEC_PACKET_DECODER_H_
