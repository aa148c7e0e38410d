#include "device/virtio/load_hook.h"

#include <utility>

// Compiled without trace-loads itself (.bazelrc).

namespace earshot {
namespace {

struct {
  const uint8_t* begin = nullptr;
  const uint8_t* end = nullptr;
  const LoadHook::BeforeLoad* before = nullptr;
} watched;

void OnLoad(uint8_t* address, size_t size) {
  if (address < watched.begin || address >= watched.end) return;
  // What the hook itself loads is its own business.
  const auto saved = std::exchange(watched, {});
  (*saved.before)(address, size);
  watched = saved;
}

}  // namespace

LoadHook::LoadHook(absl::Span<uint8_t> range, BeforeLoad before)
    : before_(std::move(before)) {
  watched = {range.data(), range.data() + range.size(), &before_};
}

LoadHook::~LoadHook() { watched = {}; }

}  // namespace earshot

// What the compiler calls.
extern "C" {
void __sanitizer_cov_load1(uint8_t* address) { earshot::OnLoad(address, 1); }
void __sanitizer_cov_load2(uint16_t* address) {
  earshot::OnLoad(reinterpret_cast<uint8_t*>(address), 2);
}
void __sanitizer_cov_load4(uint32_t* address) {
  earshot::OnLoad(reinterpret_cast<uint8_t*>(address), 4);
}
void __sanitizer_cov_load8(uint64_t* address) {
  earshot::OnLoad(reinterpret_cast<uint8_t*>(address), 8);
}
void __sanitizer_cov_load16(void* address) {
  earshot::OnLoad(static_cast<uint8_t*>(address), 16);
}
}
