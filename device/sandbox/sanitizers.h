#ifndef EARSHOT_DEVICE_SANDBOX_SANITIZERS_H_
#define EARSHOT_DEVICE_SANDBOX_SANITIZERS_H_

namespace earshot {

// This is a build with ASan or TSan, whose runtime traces the process in the
// end to look for leaks, or runs a thread of its own from the start.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define EARSHOT_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EARSHOT_SANITIZED 1
#endif

#ifdef EARSHOT_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SANDBOX_SANITIZERS_H_
