#include "device/virtio/descriptor_chain.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "device/virtio/ring_memory.h"

namespace earshot {
namespace {

size_t TotalSize(absl::Span<const absl::Span<uint8_t>> parts) {
  size_t total = 0;
  for (const absl::Span<uint8_t>& part : parts) total += part.size();
  return total;
}

// Calls copy(part's bytes, done so far) for each piece of [offset, offset +
// size); returns how many bytes there were.
template <typename Copy>
size_t ForEachPiece(absl::Span<const absl::Span<uint8_t>> parts, size_t offset,
                    size_t size, Copy copy) {
  size_t done = 0;
  for (const absl::Span<uint8_t>& part : parts) {
    if (done == size) break;
    if (offset >= part.size()) {
      offset -= part.size();
      continue;
    }
    const size_t n = std::min(part.size() - offset, size - done);
    copy(part.subspan(offset, n), done);
    done += n;
    offset = 0;
  }
  return done;
}

}  // namespace

DescriptorChain::DescriptorChain(uint16_t head, Readable readable,
                                 Writable writable)
    : head_(head),
      readable_(std::move(readable)),
      writable_(std::move(writable)),
      readable_size_(TotalSize(readable_)),
      writable_size_(TotalSize(writable_)) {}

size_t DescriptorChain::Read(size_t offset, absl::Span<uint8_t> out) const {
  return ForEachPiece(readable_, offset, out.size(),
                      [&](absl::Span<uint8_t> piece, size_t done) {
                        CopyOnce(out.data() + done, piece.data(), piece.size());
                      });
}

size_t DescriptorChain::Write(size_t offset, absl::Span<const uint8_t> bytes) {
  return ForEachPiece(writable_, offset, bytes.size(),
                      [&](absl::Span<uint8_t> piece, size_t done) {
                        std::memcpy(piece.data(), bytes.data() + done,
                                    piece.size());
                      });
}

}  // namespace earshot
