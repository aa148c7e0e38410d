// Many who listen, each over a connection of its own, until SIGTERM comes. Its
// standard output has one line, `listening`, once each has heard a packet, and
// one at the end, of what all have heard.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <boost/program_options.hpp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "proto/earshot/v1/listen.grpc.pb.h"

namespace earshot {
namespace {

struct Heard {
  std::atomic<int64_t> packets{0};
  std::atomic<int64_t> bytes{0};
  std::atomic<int64_t> moved_forward{0};
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
};

class Hearer : public grpc::ClientReadReactor<v1::ListenResponse> {
 public:
  Hearer(const std::string& server, const std::string& stream, Heard* heard)
      : heard_(heard) {
    grpc::ChannelArguments own_connection;
    own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::ListenService::NewStub(grpc::CreateCustomChannel(
        server, grpc::InsecureChannelCredentials(), own_connection));
    request_.set_name(stream);
    stub_->async()->Listen(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (response_.has_packet()) {
      if (!begun_) ++heard_->begun;
      begun_ = true;
      ++heard_->packets;
      heard_->bytes += static_cast<int64_t>(response_.ByteSizeLong());
    }
    if (response_.has_moved_forward()) ++heard_->moved_forward;
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    if (status.error_code() != grpc::StatusCode::CANCELLED) {
      std::fprintf(stderr, "hearers: %s\n", status.error_message().c_str());
    }
    ++heard_->ended;
    heard_->ended.notify_all();
  }

 private:
  Heard* const heard_;
  std::unique_ptr<v1::ListenService::Stub> stub_;
  grpc::ClientContext context_;
  v1::ListenRequest request_;
  v1::ListenResponse response_;
  bool begun_ = false;
};

// `streams`: how many there are; they are listened to in turn.
int Run(const std::string& server, int listeners, int streams) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Heard heard;
  std::vector<std::unique_ptr<Hearer>> hearers;
  for (int i = 0; i < listeners; ++i) {
    hearers.push_back(std::make_unique<Hearer>(
        server, "vms/honest" + std::to_string(i % streams) + "/streams/0",
        &heard));
  }
  const timespec while_they_begin{0, 20'000'000};
  int signal = -1;
  while (heard.begun < listeners && signal < 0) {
    signal = sigtimedwait(&signals, nullptr, &while_they_begin);
  }
  std::puts("listening");
  std::fflush(stdout);
  if (signal < 0) sigwait(&signals, &signal);
  for (const auto& hearer : hearers) hearer->Cancel();
  for (int ended = 0; (ended = heard.ended) < listeners;) {
    heard.ended.wait(ended);
  }
  std::printf("packets=%ld bytes=%ld moved_forward=%ld\n", heard.packets.load(),
              heard.bytes.load(), heard.moved_forward.load());
  return 0;
}

int Main(int argc, char** argv) {
  namespace po = boost::program_options;
  std::string server;
  int listeners = 1;
  int streams = 1;
  po::options_description options("Flags");
  options.add_options()("server", po::value(&server)->required(), "where")(
      "listeners", po::value(&listeners), "how many")(
      "streams", po::value(&streams), "how many there are");
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hearers: %s\n", error.what());
    return 2;
  }
  return Run(server, listeners, streams);
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) { return earshot::Main(argc, argv); }
