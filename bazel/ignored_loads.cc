// What -fsanitize-coverage=trace-loads calls, where nobody wants to see loads.
#include <cstdint>

extern "C" {
__attribute__((weak)) void __sanitizer_cov_load1(uint8_t*) {}
__attribute__((weak)) void __sanitizer_cov_load2(uint16_t*) {}
__attribute__((weak)) void __sanitizer_cov_load4(uint32_t*) {}
__attribute__((weak)) void __sanitizer_cov_load8(uint64_t*) {}
__attribute__((weak)) void __sanitizer_cov_load16(void*) {}
}
