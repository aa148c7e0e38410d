#ifndef EARSHOT_CLIENT_CODEC_OPTIONS_H_
#define EARSHOT_CLIENT_CODEC_OPTIONS_H_

namespace earshot {

enum class AudioCodec { kOpus, kPcmS16Le };

// How PCM becomes packets.
struct CodecOptions {
  AudioCodec codec = AudioCodec::kOpus;
  // A packet's sound, in microseconds: 2500, 5000, 10000 or 20000.
  int packet_us = 10000;
  // Opus, in bits per second, 6000 to 510000; 0 means 64000 a channel.
  int bitrate_bps = 0;
  // Opus, 0 to 10. 10 takes 0.6 % of a core for a stream, 5 takes 0.4 %.
  int complexity = 10;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CODEC_OPTIONS_H_
