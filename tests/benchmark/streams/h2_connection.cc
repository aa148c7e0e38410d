#include "tests/benchmark/streams/h2_connection.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace earshot {
namespace {

// Before each message: whether it is compressed, and its size.
constexpr size_t kPrefixBytes = 5;

int Connect(const std::string& unix_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (unix_path.size() >= sizeof(address.sun_path)) return -1;
  unix_path.copy(address.sun_path, unix_path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0) {
    close(fd);
    return -1;
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

nghttp2_nv Field(const char* name, const char* value) {
  const auto bytes = [](const char* text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text));
  };
  return {bytes(name), bytes(value), std::strlen(name), std::strlen(value),
          NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

H2Connection::H2Connection(const std::string& unix_path)
    : fd_(Connect(unix_path)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &OnClose);
  nghttp2_session* session = nullptr;
  nghttp2_session_client_new(&session, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  session_.reset(session);
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
}

H2Connection::~H2Connection() {
  if (fd_ >= 0) close(fd_);
}

int32_t H2Connection::StartCall(const char* method, CallListener* listener) {
  const std::array<nghttp2_nv, 6> fields = {
      Field(":method", "POST"),
      Field(":scheme", "http"),
      Field(":path", method),
      Field(":authority", "localhost"),
      Field("content-type", "application/grpc"),
      Field("te", "trailers")};
  nghttp2_data_provider provider{};
  provider.read_callback = &OnDataWanted;
  const int32_t id =
      nghttp2_submit_request(session_.get(), nullptr, fields.data(),
                             fields.size(), &provider, nullptr);
  calls_[id].listener = listener;
  return id;
}

void H2Connection::Send(int32_t call, const std::string& message) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  std::string& out = found->second.out;
  out.push_back(0);  // not compressed
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(message.size() >> shift));
  }
  out += message;
  nghttp2_session_resume_data(session_.get(), call);
}

bool H2Connection::Flush() {
  if (fd_ < 0) return true;
  const uint8_t* data = nullptr;
  ssize_t size = 0;
  while ((size = nghttp2_session_mem_send(session_.get(), &data)) > 0) {
    unsent_.append(reinterpret_cast<const char*>(data),
                   static_cast<size_t>(size));
  }
  if (unsent_.empty()) return true;
  const ssize_t sent = send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent > 0) unsent_.erase(0, static_cast<size_t>(sent));
  return unsent_.empty();
}

void H2Connection::Read() {
  std::array<uint8_t, 16384> buffer;
  ssize_t size = 0;
  while (fd_ >= 0 &&
         (size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
    if (nghttp2_session_mem_recv(session_.get(), buffer.data(),
                                 static_cast<size_t>(size)) < 0) {
      return EndAll("it speaks no HTTP/2");
    }
    if (static_cast<size_t>(size) < buffer.size()) return;
  }
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
    EndAll("the connection has ended");
  }
}

void H2Connection::EndAll(const std::string& why) {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  for (auto& [id, call] : std::exchange(calls_, {})) {
    call.listener->OnEnd("14", why);
  }
}

ssize_t H2Connection::OnDataWanted(nghttp2_session*, int32_t id,
                                   uint8_t* buffer, size_t size, uint32_t*,
                                   nghttp2_data_source*, void* self) {
  auto& calls = static_cast<H2Connection*>(self)->calls_;
  const auto found = calls.find(id);
  if (found == calls.end() || found->second.out.empty()) {
    return NGHTTP2_ERR_DEFERRED;
  }
  std::string& out = found->second.out;
  const size_t taken = out.copy(reinterpret_cast<char*>(buffer), size);
  out.erase(0, taken);
  return static_cast<ssize_t>(taken);
}

int H2Connection::OnHeader(nghttp2_session*, const nghttp2_frame* frame,
                           const uint8_t* name, size_t name_size,
                           const uint8_t* value, size_t value_size, uint8_t,
                           void* self) {
  auto& calls = static_cast<H2Connection*>(self)->calls_;
  const auto found = calls.find(frame->hd.stream_id);
  if (found == calls.end()) return 0;
  const std::string key(reinterpret_cast<const char*>(name), name_size);
  const std::string text(reinterpret_cast<const char*>(value), value_size);
  if (key == "grpc-status") found->second.code = text;
  if (key == "grpc-message") found->second.message = text;
  return 0;
}

int H2Connection::OnData(nghttp2_session*, uint8_t, int32_t id,
                         const uint8_t* data, size_t size, void* self) {
  auto& calls = static_cast<H2Connection*>(self)->calls_;
  const auto found = calls.find(id);
  if (found == calls.end()) return 0;
  std::string& in = found->second.in;
  in.append(reinterpret_cast<const char*>(data), size);
  std::string_view rest = in;
  while (rest.size() >= kPrefixBytes) {
    size_t bytes = 0;
    for (const char byte : rest.substr(1, kPrefixBytes - 1)) {
      bytes = bytes << 8 | static_cast<uint8_t>(byte);
    }
    if (rest.size() - kPrefixBytes < bytes) break;
    found->second.listener->OnMessage(rest.substr(kPrefixBytes, bytes));
    rest.remove_prefix(kPrefixBytes + bytes);
  }
  in.erase(0, in.size() - rest.size());
  return 0;
}

int H2Connection::OnClose(nghttp2_session*, int32_t id, uint32_t, void* self) {
  auto& calls = static_cast<H2Connection*>(self)->calls_;
  const auto node = calls.extract(id);
  if (node.empty()) return 0;
  const Call& call = node.mapped();
  call.listener->OnEnd(call.code, call.message);
  return 0;
}

}  // namespace earshot
