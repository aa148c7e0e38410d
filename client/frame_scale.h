#ifndef EARSHOT_CLIENT_FRAME_SCALE_H_
#define EARSHOT_CLIENT_FRAME_SCALE_H_

#include <cstdint>

namespace earshot {

// Positions of a source, and of a stream that carries the same sound at another
// rate. n frames of the source are ceil(n * stream rate / source rate) frames
// of the stream; exactly, however long it plays. Positions are not negative.
class FrameScale {
 public:
  FrameScale() : FrameScale(1, 1) {}
  FrameScale(int source_rate_hz, int stream_rate_hz);

  int64_t ToStream(int64_t source_frames) const;
  // The most frames of the source that make no more than so many of the stream.
  // ToSource(ToStream(n)) is n, or n + 1 where the stream has the lower rate.
  int64_t ToSource(int64_t stream_frames) const;

 private:
  // Without a common divisor.
  int64_t source_;
  int64_t stream_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_FRAME_SCALE_H_
