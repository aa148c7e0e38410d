// TLS over real sockets: the server's process, gRPC's clients and OpenSSL's;
// certificates that change on both ends while streams play.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bazel/temporary_folder.h"
#include "client/server_targets.h"
#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "tests/integration/certificate_folder.h"
#include "tests/integration/child_process.h"
#include "tests/integration/playback_rig.h"
#include "tests/integration/sound_guest.h"
#include "tests/integration/test_authority.h"
#include "tests/integration/test_sound.h"
#include "tests/integration/tls_probe_client.h"

namespace earshot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const TestSubject kServerNames{{"DNS:localhost", "IP:127.0.0.1"}};

TestSubject Vm(const std::string& name) {
  return {{"URI:spiffe://test/vm/" + name}};
}

// A stream whose sound, silence, is played until it is told to stop.
class PlayingStream {
 public:
  PlayingStream(const std::shared_ptr<grpc::Channel>& channel, int number)
      : stub_(v1::PlaybackService::NewStub(channel)),
        call_(stub_->Play(&context_)) {
    v1::PlayRequest open;
    open.mutable_open()->set_stream("vms/a/streams/" + std::to_string(number));
    v1::PlayRequest begin;
    begin.mutable_begin()->set_epoch(1);
    begin.mutable_begin()->set_codec(v1::CODEC_PCM_S16LE);
    begin.mutable_begin()->mutable_format()->set_rate_hz(48000);
    begin.mutable_begin()->mutable_format()->set_channels(2);
    v1::PlayRequest silence;
    silence.mutable_silence()->set_first_frame(0);
    v1::PlayResponse opened;
    opens_ = call_->Write(open) && call_->Read(&opened) &&
             opened.has_opened() && call_->Write(begin) &&
             call_->Write(silence);
    reader_ = std::thread([this] { Read(); });
  }

  ~PlayingStream() {
    context_.TryCancel();
    reader_.join();
  }

  bool opens() const { return opens_; }
  // How far it has got, as it was told last.
  int64_t played() {
    const std::lock_guard lock(mutex_);
    return played_;
  }
  // Waits until it has got further, which it does for as long as it plays.
  bool PlaysBeyond(int64_t position) {
    std::unique_lock lock(mutex_);
    told_.wait_for(lock, std::chrono::seconds(20),
                   [&] { return over_ || played_ > position; });
    return !over_ && played_ > position;
  }

 private:
  void Read() {
    v1::PlayResponse response;
    while (call_->Read(&response)) {
      if (!response.has_progress()) continue;
      const std::lock_guard lock(mutex_);
      played_ = response.progress().played_frame();
      told_.notify_one();
    }
    const std::lock_guard lock(mutex_);
    over_ = true;
    told_.notify_one();
  }

  grpc::ClientContext context_;
  const std::unique_ptr<v1::PlaybackService::Stub> stub_;
  const std::unique_ptr<
      grpc::ClientReaderWriter<v1::PlayRequest, v1::PlayResponse>>
      call_;
  bool opens_ = false;
  std::mutex mutex_;  // guards what follows
  std::condition_variable told_;
  int64_t played_ = 0;
  bool over_ = false;
  std::thread reader_;
};

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    server_files_ = std::make_unique<CertificateFolder>(
        folder_ + "/server", old_.Issue(kServerNames), old_.certificate());
    client_files_ = std::make_unique<CertificateFolder>(
        folder_ + "/client", old_.Issue(Vm("a")), old_.certificate());
  }
  ~TlsTest() override { server_.reset(); }

  void StartServer(std::vector<std::string> more = {},
                   const std::string& listen = "127.0.0.1:0") {
    std::vector<std::string> command = {
        "server/earshot-server", "--listen=" + listen, "--sink=null",
        "--tls-cert=" + server_files_->certificate(),
        "--tls-key=" + server_files_->key()};
    command.insert(command.end(), more.begin(), more.end());
    server_ = std::make_unique<ChildProcess>(command);
    ASSERT_TRUE(server_->WaitForLine("server started")) << server_->log();
    const std::string& log = server_->log();
    const std::string key = "listen=127.0.0.1:";
    port_ = std::atoi(log.c_str() + log.find(key) + key.size());
  }
  void StartMutualServer() {
    StartServer({"--tls-client-ca=" + server_files_->ca()});
  }

  SecurityOptions ClientSecurity() const {
    SecurityOptions security;
    security.ca_file = client_files_->ca();
    security.certificate_file = client_files_->certificate();
    security.key_file = client_files_->key();
    return security;
  }
  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }
  ServerTargets Targets(const SecurityOptions& security) const {
    auto targets = ServerTargets::Create(Address(), security);
    EXPECT_TRUE(targets.ok()) << targets.status();
    return *std::move(targets);
  }

  static grpc::Status WhoAmI(const std::shared_ptr<grpc::Channel>& channel,
                             v1::GetIdentityResponse* identity) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(10));
    return v1::AdminService::NewStub(channel)->GetIdentity(&context, {},
                                                           identity);
  }
  static std::vector<std::string> Identities(
      const std::shared_ptr<grpc::Channel>& channel) {
    v1::GetIdentityResponse identity;
    const grpc::Status status = WhoAmI(channel, &identity);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {identity.identities().begin(), identity.identities().end()};
  }
  grpc::StatusCode Try(const SecurityOptions& security) const {
    v1::GetIdentityResponse identity;
    return WhoAmI(Targets(security).channel(), &identity).error_code();
  }

  const TestAuthority old_{"old"};
  const TestAuthority new_{"new"};
  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  std::unique_ptr<CertificateFolder> server_files_;
  std::unique_ptr<CertificateFolder> client_files_;
  std::unique_ptr<ChildProcess> server_;
  int port_ = 0;
};

TEST_F(TlsTest, OnlyTls12AndLaterWithHttp2IsSpoken) {
  StartServer();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsResult good = TryTls(port_, {.version = version});
    EXPECT_TRUE(good.shook_hands) << version;
    EXPECT_EQ(good.alpn, "h2");
    EXPECT_TRUE(good.heard);
  }
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    EXPECT_FALSE(TryTls(port_, {.version = version}).shook_hands) << version;
  }
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsResult without =
        TryTls(port_, {.version = version, .offers_h2 = false});
    EXPECT_FALSE(without.heard) << version;
  }
}

TEST_F(TlsTest, TheServerHasToBeWhoItSaysItIs) {
  StartServer();
  SecurityOptions security;
  security.ca_file = client_files_->ca();
  EXPECT_EQ(Try(security), grpc::StatusCode::OK);
  security.server_name = "localhost";
  EXPECT_EQ(Try(security), grpc::StatusCode::OK);
  security.server_name = "elsewhere";
  EXPECT_EQ(Try(security), grpc::StatusCode::UNAVAILABLE);
  // The system's roots have not signed it.
  SecurityOptions roots;
  roots.server_name = "localhost";
  EXPECT_EQ(Try(roots), grpc::StatusCode::UNAVAILABLE);
  // Plaintext is not understood.
  EXPECT_EQ(Try({}), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, ACertificateOfTheClientIsWantedAndSaysWhoItIs) {
  StartMutualServer();
  EXPECT_THAT(Identities(Targets(ClientSecurity()).channel()),
              ElementsAre("spiffe://test/vm/a"));
  SecurityOptions none;
  none.ca_file = client_files_->ca();
  EXPECT_EQ(Try(none), grpc::StatusCode::UNAVAILABLE);
  client_files_->Swap(new_.Issue(Vm("a")), old_.certificate());
  EXPECT_EQ(Try(ClientSecurity()), grpc::StatusCode::UNAVAILABLE);
  TestSubject expired = Vm("a");
  expired.ends = -60;
  client_files_->Swap(old_.Issue(expired), old_.certificate());
  EXPECT_EQ(Try(ClientSecurity()), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, WithTokensACertificateMayBeMissingButNotWrong) {
  std::ofstream(folder_ + "/tokens")
      << "alice sha256:9c220f200955d76c0a38d308225e0ef10c5f971acaf2f8d1d8f732a"
         "ffa5bd1dc\n";
  std::ofstream(folder_ + "/token") << "alice-token\n";
  StartServer({"--tls-client-ca=" + server_files_->ca(),
               "--tokens=" + folder_ + "/tokens"});
  SecurityOptions security;
  security.ca_file = client_files_->ca();
  security.token_file = folder_ + "/token";
  const ServerTargets targets = Targets(security);
  EXPECT_THAT(Identities(targets.channel()), ElementsAre("token:alice"));
  // It is read anew for each call.
  std::ofstream(folder_ + "/token") << "mallory-token\n";
  v1::GetIdentityResponse identity;
  EXPECT_EQ(WhoAmI(targets.channel(), &identity).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  std::ofstream(folder_ + "/token") << "alice-token\n";
  EXPECT_THAT(Identities(targets.channel()), ElementsAre("token:alice"));
  SecurityOptions wrong = ClientSecurity();
  client_files_->Swap(new_.Issue(Vm("a")), old_.certificate());
  EXPECT_EQ(Try(wrong), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, CertificatesChangeUnderFiftyStreamsAndNoneIsCut) {
  StartMutualServer();
  constexpr int kStreams = 50;
  std::vector<ServerTargets> targets;
  std::vector<std::unique_ptr<PlayingStream>> streams;
  for (int i = 0; i < kStreams; ++i) {
    targets.push_back(Targets(ClientSecurity()));
    streams.push_back(
        std::make_unique<PlayingStream>(targets.back().channel(), i));
    ASSERT_TRUE(streams.back()->opens()) << i;
  }
  const TestCertificate server = new_.Issue(kServerNames);
  const TestCertificate client = new_.Issue(Vm("b"));
  server_files_->Swap(server, new_.certificate());
  client_files_->Swap(client, new_.certificate());

  // New connections of all of them use the new files, at both ends.
  EXPECT_EQ(TryTls(port_, {}).certificate, server.certificate);
  for (ServerTargets& target : targets) {
    target.RenewIfFilesChanged();
    EXPECT_THAT(Identities(target.channel()),
                ElementsAre("spiffe://test/vm/b"));
  }
  // What the old authority has signed is refused.
  client_files_->Swap(old_.Issue(Vm("a")), new_.certificate());
  EXPECT_EQ(Try(ClientSecurity()), grpc::StatusCode::UNAVAILABLE);

  std::vector<int64_t> before;
  for (const auto& stream : streams) before.push_back(stream->played());
  for (int i = 0; i < kStreams; ++i) {
    EXPECT_TRUE(streams[i]->PlaysBeyond(before[i])) << i;
  }
}

TEST_F(TlsTest, AHalfDoneChangeKeepsTheOldPairAtBothEnds) {
  const TestCertificate server = old_.Issue(kServerNames);
  server_files_->Swap(server, old_.certificate());
  StartMutualServer();
  ServerTargets targets = Targets(ClientSecurity());
  const TestCertificate next_server = old_.Issue(kServerNames);
  const TestCertificate next_client = old_.Issue(Vm("b"));
  server_files_->WriteCertificate(next_server);
  client_files_->WriteCertificate(next_client);
  EXPECT_EQ(TryTls(port_, {}).certificate, server.certificate);
  EXPECT_TRUE(server_->WaitForLine("tls files are not used"));
  EXPECT_THAT(server_->log(), HasSubstr("--tls-key=" + server_files_->key()));
  targets.RenewIfFilesChanged();
  EXPECT_THAT(Identities(targets.channel()), ElementsAre("spiffe://test/vm/a"));
  server_files_->WriteKey(next_server);
  client_files_->WriteKey(next_client);
  EXPECT_EQ(TryTls(port_, {}).certificate, next_server.certificate);
  targets.RenewIfFilesChanged();
  EXPECT_THAT(Identities(targets.channel()), ElementsAre("spiffe://test/vm/b"));
}

TEST_F(TlsTest, ADeviceTakesNewCertificatesWithinItsSandbox) {
  StartMutualServer();
  PlaybackRig rig;
  const std::string address = Address();
  const auto device =
      rig.StartDevice("a",
                      {"--codec=pcm", "--tls-ca=" + client_files_->ca(),
                       "--tls-cert=" + client_files_->certificate(),
                       "--tls-key=" + client_files_->key()},
                      address);
  ASSERT_TRUE(device->WaitForLine("stream open")) << device->log();
  // A server that the old files are no good for.
  server_->Signal(SIGKILL);
  server_->Wait();
  server_files_->Swap(new_.Issue(kServerNames), new_.certificate());
  client_files_->Swap(new_.Issue(Vm("a")), new_.certificate());
  StartServer({"--tls-client-ca=" + server_files_->ca()}, address);
  ASSERT_TRUE(device->WaitForLine("tls files read again")) << device->log();
  ASSERT_TRUE(device->WaitForLine("stream open", std::chrono::seconds(20)))
      << device->log();
  const TestSound sound = MakeTestSound(kSndFormatS16, 2, 24000);
  const auto guest = SoundGuest::Connect(rig.SocketPath("a"));
  ASSERT_TRUE(guest.ok()) << guest.status();
  ASSERT_TRUE((*guest)->Play({}, sound.bytes).ok());
  EXPECT_TRUE(device->WaitForLine("produced=24000 played=24000"))
      << device->log();
}

}  // namespace
}  // namespace earshot
