#include "client/token_interceptor.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/small_file.h"

namespace earshot {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

class TokenInterceptor : public Interceptor {
 public:
  explicit TokenInterceptor(std::string token) : token_(std::move(token)) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (!token_.empty() &&
        methods->QueryInterceptionHookPoint(
            InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->insert(
          {"authorization", absl::StrCat("Bearer ", token_)});
    }
    methods->Proceed();
  }

 private:
  const std::string token_;
};

class TokenInterceptors : public ClientInterceptorFactoryInterface {
 public:
  explicit TokenInterceptors(std::string path) : path_(std::move(path)) {}

  Interceptor* CreateClientInterceptor(ClientRpcInfo*) override {
    absl::StatusOr<std::string> token = ReadToken(path_);
    LogChange(token.status());
    return new TokenInterceptor(token.ok() ? *std::move(token) : "");
  }

 private:
  void LogChange(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    if (status == last_) return;
    last_ = status;
    if (status.ok()) {
      spdlog::info("token is there again file={}", path_);
    } else {
      spdlog::warn("calls go without a token file={} reason=\"{}\"", path_,
                   std::string(status.message()));
    }
  }

  const std::string path_;
  std::mutex mutex_;  // guards last_
  absl::Status last_;
};

}  // namespace

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(path);
  if (!text.ok()) return text.status();
  absl::StripAsciiWhitespace(&*text);
  if (text->empty()) return absl::InvalidArgumentError("holds no token");
  // What HTTP/2 may carry as one word.
  if (!std::all_of(text->begin(), text->end(),
                   [](unsigned char c) { return absl::ascii_isgraph(c); })) {
    return absl::InvalidArgumentError("holds more than one word");
  }
  return text;
}

std::unique_ptr<ClientInterceptorFactoryInterface> MakeTokenInterceptors(
    std::string token_file) {
  return std::make_unique<TokenInterceptors>(std::move(token_file));
}

}  // namespace earshot
