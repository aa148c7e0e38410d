#include "codec/opus_framing.h"

#include <opus/opus.h>

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

const unsigned char* Bytes(absl::string_view packet) {
  return reinterpret_cast<const unsigned char*>(packet.data());
}

// Takes numbers off the front of the bytes.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : left_(bytes) {}

  size_t left() const { return left_.size(); }

  std::optional<size_t> Byte() {
    if (left_.empty()) return std::nullopt;
    const size_t value = Bytes(left_)[0];
    left_.remove_prefix(1);
    return value;
  }

  // RFC 6716, 3.2.1: the size of a frame.
  std::optional<size_t> Size() {
    const std::optional<size_t> first = Byte();
    if (!first.has_value() || *first < 252) return first;
    const std::optional<size_t> second = Byte();
    if (!second.has_value()) return std::nullopt;
    return 4 * *second + *first;
  }

  // RFC 6716, 3.2.5: 255 means 254 bytes of padding and another number.
  std::optional<size_t> Padding() {
    size_t padding = 0;
    std::optional<size_t> byte;
    do {
      byte = Byte();
      if (!byte.has_value()) return std::nullopt;
      padding += *byte == 255 ? 254 : *byte;
    } while (*byte == 255);
    return padding;
  }

 private:
  absl::string_view left_;
};

// RFC 6716, appendix B: how long the self-delimiting packet is with which the
// bytes begin.
std::optional<size_t> SelfDelimitedBytes(absl::string_view bytes) {
  Reader reader(bytes);
  const std::optional<size_t> toc = reader.Byte();
  if (!toc.has_value()) return std::nullopt;
  const size_t code = *toc & 3;
  size_t frames = code == 0 ? 1 : 2;
  bool each_has_a_size = code == 2;
  size_t content = 0;  // what follows the numbers
  if (code == 3) {
    const std::optional<size_t> count = reader.Byte();
    if (!count.has_value()) return std::nullopt;
    frames = *count & 0x3f;
    each_has_a_size = (*count & 0x80) != 0;
    if ((*count & 0x40) != 0) {
      const std::optional<size_t> padding = reader.Padding();
      if (!padding.has_value()) return std::nullopt;
      content = *padding;
    }
  }
  const size_t sizes = each_has_a_size ? frames : 1;
  for (size_t i = 0; i < sizes; ++i) {
    const std::optional<size_t> size = reader.Size();
    if (!size.has_value()) return std::nullopt;
    content += each_has_a_size ? *size : frames * *size;
  }
  if (content > reader.left()) return std::nullopt;
  return bytes.size() - reader.left() + content;
}

bool IsPlainPacket(absl::string_view packet) {
  opus_int16 sizes[48];  // RFC 6716, 3.2.5: 120 ms of frames of 2.5 ms
  return opus_packet_parse(Bytes(packet), static_cast<int>(packet.size()),
                           nullptr, nullptr, sizes, nullptr) > 0;
}

}  // namespace

absl::StatusOr<int> CountOpusFrames(absl::string_view packet, int streams,
                                    int rate_hz) {
  int frames = 0;
  for (int i = 0; i < streams; ++i) {
    absl::string_view one = packet;
    if (i + 1 < streams) {
      const std::optional<size_t> bytes = SelfDelimitedBytes(packet);
      if (!bytes.has_value()) {
        return absl::InvalidArgumentError(
            absl::StrCat("no Opus packet of ", streams, " streams: stream ", i,
                         " is cut off"));
      }
      one = packet.substr(0, *bytes);
    } else if (!IsPlainPacket(packet)) {
      return absl::InvalidArgumentError("no Opus packet");
    }
    packet.remove_prefix(one.size());
    // RFC 6716, 3.4: not more than 120 ms, and not nothing.
    const int count = opus_packet_get_nb_samples(
        Bytes(one), static_cast<int>(one.size()), rate_hz);
    if (count <= 0) return absl::InvalidArgumentError("no Opus packet");
    if (i > 0 && count != frames) {
      return absl::InvalidArgumentError(
          "no Opus packet: its streams differ in length");
    }
    frames = count;
  }
  return frames;
}

}  // namespace earshot
