// The floor of PlaybackService: a server of gRPC's callback API that reads what
// clients say and decodes each packet with bare libopus, at once, and does
// nothing else.
#include <grpcpp/grpcpp.h>
#include <opus/opus.h>

#include <array>
#include <boost/program_options.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "proto/earshot/v1/playback.grpc.pb.h"

namespace earshot {
namespace {

constexpr int kRate = 48000;
constexpr int kChannels = 2;
constexpr int kMostFrames = kRate / 1000 * 120;

class BareServer final : public v1::PlaybackService::CallbackService {
 public:
  grpc::ServerBidiReactor<v1::PlayRequest, v1::PlayResponse>* Play(
      grpc::CallbackServerContext*) override {
    return new Reactor;
  }

 private:
  class Reactor
      : public grpc::ServerBidiReactor<v1::PlayRequest, v1::PlayResponse> {
   public:
    Reactor() {
      int error = OPUS_OK;
      decoder_ = opus_decoder_create(kRate, kChannels, &error);
      StartRead(&request_);
    }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      if (request_.has_packet()) {
        const std::string& payload = request_.packet().payload();
        frames_ += opus_decode_float(
            decoder_, reinterpret_cast<const unsigned char*>(payload.data()),
            static_cast<opus_int32>(payload.size()), pcm_.data(), kMostFrames,
            0);
      }
      StartRead(&request_);
    }
    void OnDone() override {
      opus_decoder_destroy(decoder_);
      delete this;
    }

   private:
    v1::PlayRequest request_;
    OpusDecoder* decoder_ = nullptr;
    int64_t frames_ = 0;
    std::array<float, kMostFrames * kChannels> pcm_;
  };
};

int Run(const std::string& listen) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  BareServer service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::puts("serving");
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

int Main(int argc, char** argv) {
  namespace po = boost::program_options;
  std::string listen;
  po::options_description options("Flags");
  options.add_options()("listen", po::value(&listen)->required(), "where");
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bare_server: %s\n", error.what());
    return 2;
  }
  return Run(listen);
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) { return earshot::Main(argc, argv); }
