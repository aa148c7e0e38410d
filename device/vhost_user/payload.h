#ifndef EARSHOT_DEVICE_VHOST_USER_PAYLOAD_H_
#define EARSHOT_DEVICE_VHOST_USER_PAYLOAD_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "device/vhost_user/connection.h"

namespace earshot::vhost_user {

// A message's payload as a T, which it must be exactly.
template <typename T>
absl::StatusOr<T> As(const Message& message) {
  T value;
  if (message.payload.size() != sizeof(T)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%u bytes instead of %u", message.payload.size(), sizeof(T)));
  }
  std::memcpy(&value, message.payload.data(), sizeof(T));
  return value;
}

// A payload that begins with a T.
template <typename T>
absl::StatusOr<T> BeginningAs(const Message& message) {
  T value;
  if (message.payload.size() < sizeof(T)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%u bytes, less than %u", message.payload.size(), sizeof(T)));
  }
  std::memcpy(&value, message.payload.data(), sizeof(T));
  return value;
}

template <typename T>
std::vector<uint8_t> PayloadOf(const T& value) {
  std::vector<uint8_t> payload(sizeof(T));
  std::memcpy(payload.data(), &value, sizeof(T));
  return payload;
}

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_PAYLOAD_H_
