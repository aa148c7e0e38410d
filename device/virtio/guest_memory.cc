#include "device/virtio/guest_memory.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace earshot {
namespace {

using Region = GuestMemory::Region;

bool Wraps(uint64_t address, uint64_t size) {
  return address > std::numeric_limits<uint64_t>::max() - size;
}

bool Overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size) {
  return a < b + b_size && b < a + a_size;
}

absl::StatusOr<absl::Span<uint8_t>> Translate(
    const std::vector<Region>& regions, uint64_t Region::*base,
    uint64_t address, uint64_t size) {
  if (size == 0) return absl::InvalidArgumentError("empty range");
  for (const Region& region : regions) {
    // Unsigned, so an address before the region is far beyond it.
    const uint64_t offset = address - region.*base;
    if (offset >= region.size) continue;
    if (size > region.size - offset) break;
    return absl::MakeSpan(region.host + offset, static_cast<size_t>(size));
  }
  return absl::OutOfRangeError(absl::StrFormat(
      "%u bytes at 0x%x are not within one region", size, address));
}

}  // namespace

GuestMemory::GuestMemory(std::vector<Region> regions)
    : regions_(std::move(regions)) {}

absl::StatusOr<GuestMemory> GuestMemory::Create(std::vector<Region> regions) {
  for (size_t i = 0; i < regions.size(); ++i) {
    const Region& a = regions[i];
    if (a.size == 0 || a.host == nullptr) {
      return absl::InvalidArgumentError("empty memory region");
    }
    if (Wraps(a.guest_address, a.size) || Wraps(a.user_address, a.size)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("memory region at guest 0x%x, user 0x%x wraps",
                          a.guest_address, a.user_address));
    }
    for (size_t j = 0; j < i; ++j) {
      const Region& b = regions[j];
      if (Overlap(a.guest_address, a.size, b.guest_address, b.size) ||
          Overlap(a.user_address, a.size, b.user_address, b.size)) {
        return absl::InvalidArgumentError(
            absl::StrFormat("memory regions at guest 0x%x and 0x%x overlap",
                            b.guest_address, a.guest_address));
      }
    }
  }
  return GuestMemory(std::move(regions));
}

absl::StatusOr<absl::Span<uint8_t>> GuestMemory::FromGuest(
    uint64_t address, uint64_t size) const {
  return Translate(regions_, &Region::guest_address, address, size);
}

absl::StatusOr<absl::Span<uint8_t>> GuestMemory::FromUser(uint64_t address,
                                                          uint64_t size) const {
  return Translate(regions_, &Region::user_address, address, size);
}

}  // namespace earshot
