#include "codec/ogg_link.h"

#include <utility>

namespace earshot {
namespace {

// A crash costs no more than this: samples of 48 kHz.
constexpr int64_t kMostOnPage = 48000;

}  // namespace

OggLink::OggLink(uint32_t serial, const Write* write) : write_(write) {
  ogg_stream_init(&stream_, static_cast<int>(serial));
}

OggLink::~OggLink() { ogg_stream_clear(&stream_); }

absl::Status OggLink::Headers(absl::string_view head, absl::string_view tags) {
  // RFC 7845, 3: both on pages of their own, with a granule position of 0.
  if (absl::Status s = PutIn(head, 0, /*first=*/true, /*last=*/false);
      !s.ok()) {
    return s;
  }
  if (absl::Status s = WriteOut(/*flush=*/true); !s.ok()) return s;
  if (absl::Status s = PutIn(tags, 0, /*first=*/false, /*last=*/false);
      !s.ok()) {
    return s;
  }
  return WriteOut(/*flush=*/true);
}

absl::Status OggLink::Packet(std::string payload, int64_t end) {
  if (waiting_end_.has_value()) {
    const absl::Status status = PutIn(waiting_, *waiting_end_, false, false);
    if (!status.ok()) return status;
  }
  waiting_ = std::move(payload);
  waiting_end_ = end;
  return WriteOut(put_in_ - written_out_ >= kMostOnPage);
}

absl::Status OggLink::End(int64_t cut) {
  if (!waiting_end_.has_value()) return absl::OkStatus();
  // 4.4: the last page says where the sound ends.
  const absl::Status status =
      PutIn(waiting_, *waiting_end_ - cut, /*first=*/false, /*last=*/true);
  waiting_end_.reset();
  return status.ok() ? WriteOut(/*flush=*/true) : status;
}

absl::Status OggLink::Flush() { return WriteOut(/*flush=*/true); }

absl::Status OggLink::PutIn(absl::string_view payload, int64_t granule,
                            bool first, bool last) {
  ogg_packet packet = {};
  packet.packet = reinterpret_cast<unsigned char*>(
      const_cast<char*>(payload.data()));  // it is only read
  packet.bytes = static_cast<long>(payload.size());
  packet.b_o_s = first ? 1 : 0;
  packet.e_o_s = last ? 1 : 0;
  packet.granulepos = granule;
  packet.packetno = packets_++;
  if (ogg_stream_packetin(&stream_, &packet) != 0) {
    return absl::ResourceExhaustedError("no memory for an Ogg page");
  }
  put_in_ = granule;
  return absl::OkStatus();
}

absl::Status OggLink::WriteOut(bool flush) {
  ogg_page page;
  while ((flush ? ogg_stream_flush(&stream_, &page)
                : ogg_stream_pageout(&stream_, &page)) != 0) {
    std::string bytes(reinterpret_cast<const char*>(page.header),
                      static_cast<size_t>(page.header_len));
    bytes.append(reinterpret_cast<const char*>(page.body),
                 static_cast<size_t>(page.body_len));
    if (ogg_page_granulepos(&page) > 0) {
      written_out_ = ogg_page_granulepos(&page);
    }
    if (absl::Status s = (*write_)(bytes); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace earshot
