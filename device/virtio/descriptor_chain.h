#ifndef EARSHOT_DEVICE_VIRTIO_DESCRIPTOR_CHAIN_H_
#define EARSHOT_DEVICE_VIRTIO_DESCRIPTOR_CHAIN_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"

namespace earshot {

// One request of the driver: first the parts that the device reads, then the
// parts that it writes (virtio 2.7.4.2), of any number and any sizes. The
// addresses were checked when it was popped. The guest may still change the
// bytes while they are read: copy first, then decide on the copy.
//
// Move-only views of guest memory; valid until the memory is unmapped.
// Thread: the device's loop.
class DescriptorChain {
 public:
  // Linux's have no more, unless a period is spread over more than two pages:
  // those of a stream that plays cost no memory of the heap.
  using Readable = absl::InlinedVector<absl::Span<uint8_t>, 3>;
  using Writable = absl::InlinedVector<absl::Span<uint8_t>, 1>;

  DescriptorChain() = default;
  DescriptorChain(uint16_t head, Readable readable, Writable writable);
  DescriptorChain(DescriptorChain&&) = default;
  DescriptorChain& operator=(DescriptorChain&&) = default;

  // The index that goes into the used ring.
  uint16_t head() const { return head_; }
  size_t readable_size() const { return readable_size_; }  // bytes
  size_t writable_size() const { return writable_size_; }  // bytes

  // Copies out of the readable parts from byte `offset` on; returns how many
  // bytes there were, at most out.size().
  size_t Read(size_t offset, absl::Span<uint8_t> out) const;
  // Copies into the writable parts from byte `offset` on; returns how many
  // bytes fitted.
  size_t Write(size_t offset, absl::Span<const uint8_t> bytes);

 private:
  uint16_t head_ = 0;
  Readable readable_;
  Writable writable_;
  size_t readable_size_ = 0;
  size_t writable_size_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_DESCRIPTOR_CHAIN_H_
