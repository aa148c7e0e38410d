// Every method of the server x every kind of caller: the exact status, and the
// reason of its ErrorInfo.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bazel/temporary_folder.h"
#include "proto/earshot/v1/admin.pb.h"
#include "proto/earshot/v1/listen.pb.h"
#include "proto/earshot/v1/playback.pb.h"
#include "server/access/test_issuer.h"
#include "tests/integration/any_call.h"
#include "tests/integration/child_process.h"
#include "tests/integration/reflected_methods.h"
#include "tests/integration/test_authority.h"

namespace earshot {
namespace {

using grpc::StatusCode;

constexpr char kServer[] = "server/earshot-server";
constexpr char kPolicy[] = R"(
  grant { principal: "spiffe://test/vm/*" player: "{*}" }
  grant { principal: ["token:alice", "jwt:alice"] player: "a" }
  grant { principal: "token:lena" listener: "a" }
  grant { principal: ["token:olga", "dns:ops.test"] operator: true }
)";
// printf %s TOKEN | sha256sum, of "alice-token" and so on.
constexpr char kTokens[] = R"(
  alice sha256:9c220f200955d76c0a38d308225e0ef10c5f971acaf2f8d1d8f732affa5bd1dc
  lena sha256:c1e5507eeb7860ff452740bb284780a4028a0aded8d0c06a7f3fea66e5a221d6
  olga sha256:e83babeabef696679198ec477d63ec85e49a35304c2e9b1ccea6fb0571d758c3
)";
constexpr std::chrono::milliseconds kPatience{700};

// Which role a method asks for.
enum class Role {
  kNone,
  kPlayer,          // of the VM a
  kPlayerOrMore,    // player of a, or operator
  kListenerOrMore,  // listener or player of a, or operator
  kAnyOrMore,       // listener or player of any VM, or operator
  kOperator,
  // gRPC's own, which look at no token.
  kOpen,
};

struct Method {
  Role role;
  std::string request;
};

template <typename Message>
std::string Named(const char* name) {
  Message message;
  message.set_name(name);
  return message.SerializeAsString();
}

std::string VolumeOfA() {
  v1::SetVolumeRequest request;
  request.set_name("vms/a/streams/0");
  request.mutable_volume()->set_gain_db(-1);
  return request.SerializeAsString();
}

// By its full name. What is not here is no method of the server: the test asks
// its reflection.
std::map<std::string, Method> Methods() {
  constexpr char kStream[] = "vms/a/streams/0";
  std::map<std::string, Method> methods = {
      {"earshot.v1.PlaybackService/Play", {Role::kPlayer, ""}},
      {"earshot.v1.AdminService/ListStreams", {Role::kAnyOrMore, ""}},
      {"earshot.v1.AdminService/GetStream",
       {Role::kListenerOrMore, Named<v1::GetStreamRequest>(kStream)}},
      {"earshot.v1.AdminService/WatchStreams",
       {Role::kListenerOrMore, Named<v1::WatchStreamsRequest>(kStream)}},
      {"earshot.v1.ListenService/Listen",
       {Role::kListenerOrMore, Named<v1::ListenRequest>(kStream)}},
      {"earshot.v1.AdminService/SetVolume", {Role::kPlayerOrMore, VolumeOfA()}},
      {"earshot.v1.AdminService/CloseStream",
       {Role::kOperator, Named<v1::CloseStreamRequest>(kStream)}},
      {"earshot.v1.AdminService/GetServerInfo", {Role::kOperator, ""}},
      {"earshot.v1.AdminService/GetIdentity", {Role::kNone, ""}},
      {"grpc.health.v1.Health/Check", {Role::kOpen, ""}},
      {"grpc.health.v1.Health/Watch", {Role::kOpen, ""}},
      // ListServices: "".
      {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
       {Role::kOpen, std::string("\x3a\x00", 2)}},
  };
  for (const char* name :
       {"GetTopChannels", "GetServers", "GetServer", "GetServerSockets",
        "GetChannel", "GetSubchannel", "GetSocket"}) {
    methods[absl::StrCat("grpc.channelz.v1.Channelz/", name)] = {
        Role::kOperator, ""};
  }
  return methods;
}

// What a call comes to.
enum class Answer {
  kIn,
  kNoCredentials,
  kNotAllowed,
  kBadToken,
  kExpired,
  kNoConnection,
};

bool IsSo(const CallOutcome& outcome, Answer answer) {
  const StatusCode code = outcome.status.error_code();
  switch (answer) {
    case Answer::kIn:
      return code == StatusCode::OK || code == StatusCode::NOT_FOUND;
    case Answer::kNoCredentials:
      return code == StatusCode::UNAUTHENTICATED &&
             outcome.reason == "NO_CREDENTIALS";
    case Answer::kNotAllowed:
      return code == StatusCode::PERMISSION_DENIED &&
             outcome.reason == "NOT_ALLOWED";
    case Answer::kBadToken:
      return code == StatusCode::UNAUTHENTICATED &&
             outcome.reason == "BAD_TOKEN";
    case Answer::kExpired:
      return code == StatusCode::UNAUTHENTICATED &&
             outcome.reason == "TOKEN_EXPIRED";
    case Answer::kNoConnection:
      return code == StatusCode::UNAVAILABLE && outcome.reason.empty();
  }
  return false;
}

// A kind of caller: what is answered to all but GetIdentity and gRPC's own
// services, and who else lets him in.
struct Kind {
  std::string name;
  std::string token;
  Answer answer;
  std::set<Role> roles = {};  // that let him in
  TestCertificate certificate = {};
};

Answer Expected(const Kind& kind, Role role) {
  if (kind.answer == Answer::kNoConnection) return kind.answer;
  if (role == Role::kOpen || kind.roles.count(role) != 0) return Answer::kIn;
  const bool known = kind.answer == Answer::kNotAllowed ||
                     kind.answer == Answer::kNoCredentials;
  return role == Role::kNone && known ? Answer::kIn : kind.answer;
}

const std::set<Role> kAsPlayer = {Role::kPlayer, Role::kPlayerOrMore,
                                  Role::kListenerOrMore, Role::kAnyOrMore};
const std::set<Role> kAsListener = {Role::kListenerOrMore, Role::kAnyOrMore};
const std::set<Role> kAsOperator = {Role::kPlayerOrMore, Role::kListenerOrMore,
                                    Role::kAnyOrMore, Role::kOperator};

class AccessMatrixTest : public testing::Test {
 protected:
  void TearDown() override { server_.reset(); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  std::vector<std::string> TokenFlags() const {
    return {"--tokens=" + Write("tokens", kTokens),
            "--jwks=" + Write("jwks", issuer_.Jwks()),
            absl::StrCat("--jwt-issuer=", kTestIssuer),
            absl::StrCat("--jwt-audience=", kTestAudience)};
  }

  // Of a server that clients know by their own root.
  std::vector<std::string> TlsFlags() {
    root_ = authority_.certificate();
    const TestCertificate mine = authority_.Issue({{"IP:127.0.0.1"}});
    return {"--tls-cert=" + Write("cert.pem", mine.certificate),
            "--tls-key=" + Write("key.pem", mine.key),
            "--tls-client-ca=" + Write("ca.pem", authority_.certificate())};
  }

  Kind WithCertificate(const std::string& name, const TestSubject& subject,
                       Answer answer, const std::set<Role>& roles,
                       const std::string& token = "") const {
    return {name, token, answer, roles, authority_.Issue(subject)};
  }

  // The callers that a certificate tells, or fails.
  std::vector<Kind> CertificateKinds() const {
    const std::string mine = "URI:spiffe://test/vm/a";
    const TestAuthority other("another authority");
    return {
        {"wrong CA", "", Answer::kNoConnection, {}, other.Issue({{mine}})},
        WithCertificate("expired", {{mine}, -7000, -60}, Answer::kNoConnection,
                        {}),
        WithCertificate("not yet valid", {{mine}, 600, 7000},
                        Answer::kNoConnection, {}),
        WithCertificate("wrong SAN",
                        {{"URI:spiffe://other/vm/a", "DNS:a", "IP:127.0.0.1"}},
                        Answer::kNotAllowed, {}),
        WithCertificate("a SAN that passes for a token",
                        {{"URI:token:olga", "URI:dns:ops.test"}},
                        Answer::kNoCredentials, {}),
        WithCertificate("a SAN with a star", {{"URI:spiffe://test/vm/*"}},
                        Answer::kNotAllowed, {}),
        WithCertificate("other VM's", {{"URI:spiffe://test/vm/b"}},
                        Answer::kNotAllowed, {Role::kAnyOrMore}),
        WithCertificate("right one", {{mine}}, Answer::kNotAllowed, kAsPlayer),
        WithCertificate("operator's", {{"DNS:OPS.test"}}, Answer::kNotAllowed,
                        kAsOperator),
    };
  }

  void StartServer(const std::vector<std::string>& flags) {
    std::vector<std::string> command = {kServer, "--listen=127.0.0.1:0",
                                        "--policy=" + Write("policy", kPolicy)};
    command.insert(command.end(), flags.begin(), flags.end());
    server_ = std::make_unique<ChildProcess>(command);
    ASSERT_TRUE(server_->WaitForLine("server started")) << server_->log();
    const std::string words = "listen=127.0.0.1:";
    const size_t at = server_->log().find(words);
    ASSERT_NE(at, std::string::npos) << server_->log();
    const size_t port = at + words.size();
    address_ = "127.0.0.1:" + server_->log().substr(
                                  port, server_->log().find(' ', port) - port);
  }

  // The callers that need no certificate.
  std::vector<Kind> TokenKinds() const {
    const long long now = std::time(nullptr);
    const TestIssuer other("EC", "k", 256);
    const auto jwt = [now](const TestIssuer& issuer, int seconds) {
      return issuer.Sign("ES256", Claims("alice", now + seconds));
    };
    return {
        {"no credentials", "", Answer::kNoCredentials},
        {"wrong token", "bob-token", Answer::kBadToken},
        {"expired JWT", jwt(issuer_, -600), Answer::kExpired},
        {"another issuer's JWT", jwt(other, 600), Answer::kBadToken},
        {"right token", "alice-token", Answer::kNotAllowed, kAsPlayer},
        {"right JWT", jwt(issuer_, 600), Answer::kNotAllowed, kAsPlayer},
        {"listener's token", "lena-token", Answer::kNotAllowed, kAsListener},
        {"operator's token", "olga-token", Answer::kNotAllowed, kAsOperator},
    };
  }

  std::shared_ptr<grpc::Channel> Channel(const Kind& kind) const {
    grpc::ChannelArguments arguments;
    // Else calls would share a connection, and what it has proved.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    if (root_.empty()) {
      return grpc::CreateCustomChannel(
          address_, grpc::InsecureChannelCredentials(), arguments);
    }
    return grpc::CreateCustomChannel(
        address_,
        grpc::SslCredentials(
            {root_, kind.certificate.key, kind.certificate.certificate}),
        arguments);
  }

  void ExpectMatrix(const std::vector<Kind>& kinds) {
    for (const Kind& kind : kinds) {
      const auto channel = Channel(kind);
      for (auto [name, method] : Methods()) {
        if (method.role == Role::kPlayer) method.request = NextOpen();
        const CallOutcome outcome =
            CallAny(channel, "/" + name, method.request, kind.token, kPatience);
        EXPECT_TRUE(IsSo(outcome, Expected(kind, method.role)))
            << kind.name << " called " << name << ": "
            << outcome.status.error_code() << " " << outcome.reason << ": "
            << outcome.message;
      }
    }
  }

  // Each principal opens a stream of its own: it may not take another's over.
  std::string NextOpen() {
    v1::PlayRequest request;
    request.mutable_open()->set_stream(
        absl::StrCat("vms/a/streams/", ++opened_));
    return request.SerializeAsString();
  }

  const TestIssuer issuer_{"EC", "k", 256};
  const TestAuthority authority_{"the authority"};
  TemporaryFolder folder_;
  std::string address_;
  std::string root_;  // whom clients believe; empty for plaintext
  std::unique_ptr<ChildProcess> server_;
  int opened_ = 0;
};

TEST_F(AccessMatrixTest, HoldsEveryMethodThatTheServerHas) {
  StartServer({});
  std::set<std::string> methods;
  for (const auto& [name, method] : Methods()) methods.insert(name);
  // gRPC describes its own health service, but does not list it.
  EXPECT_EQ(methods, ReflectedMethods(Channel({}), {"grpc.health.v1.Health"}));
}

TEST_F(AccessMatrixTest, Tokens) {
  StartServer(TokenFlags());
  ExpectMatrix(TokenKinds());
}

TEST_F(AccessMatrixTest, ServersWithoutTokensTakeNone) {
  StartServer({});
  ExpectMatrix({{"no credentials", "", Answer::kNoCredentials},
                {"a token", "alice-token", Answer::kBadToken}});
}

TEST_F(AccessMatrixTest, CertificatesAreNeeded) {
  StartServer(TlsFlags());
  std::vector<Kind> kinds = CertificateKinds();
  kinds.push_back({"no credentials", "", Answer::kNoConnection});
  kinds.push_back({"a token alone", "alice-token", Answer::kNoConnection});
  kinds.push_back(WithCertificate("right one, and a token",
                                  {{"URI:spiffe://test/vm/a"}},
                                  Answer::kBadToken, {}, "alice-token"));
  ExpectMatrix(kinds);
}

TEST_F(AccessMatrixTest, CertificatesOrTokens) {
  std::vector<std::string> flags = TlsFlags();
  for (const std::string& flag : TokenFlags()) flags.push_back(flag);
  StartServer(flags);
  std::vector<Kind> kinds = CertificateKinds();
  for (const Kind& kind : TokenKinds()) {
    kinds.push_back(kind);
    if (kind.token.empty()) continue;
    // The certificate makes a wrong token no better, and adds to a right one.
    Kind both = kind;
    both.name += " with the operator's certificate";
    both.certificate = authority_.Issue({{"DNS:ops.test"}});
    if (kind.answer == Answer::kNotAllowed) {
      both.roles.insert(kAsOperator.begin(), kAsOperator.end());
    }
    kinds.push_back(both);
  }
  ExpectMatrix(kinds);
}

}  // namespace
}  // namespace earshot
