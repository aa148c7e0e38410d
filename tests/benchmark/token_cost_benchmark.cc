// What it costs to tell who calls: the figures of server/access/README.md.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/access/jwt_verifier.h"
#include "server/access/policy.h"
#include "server/access/test_issuer.h"
#include "server/access/token_file.h"

namespace earshot {
namespace {

const auto kNow =
    std::chrono::system_clock::time_point(std::chrono::seconds(1'800'000'000));

void Verify(benchmark::State& state, const char* kty, const char* alg, int bits,
            bool right) {
  const TestIssuer issuer(kty, "k", bits);
  const TestIssuer other(kty, "k", bits);
  const auto verifier =
      *JwtVerifier::Create(issuer.Jwks(), kTestIssuer, kTestAudience);
  const std::string token =
      (right ? issuer : other).Sign(alg, Claims("alice", 1'900'000'000));
  std::string subject;
  for (auto _ : state) {
    if (verifier->Verify(token, kNow, &subject).ok() != right) {
      state.SkipWithError("wrong");
    }
  }
}

void RightEs256(benchmark::State& state) {
  Verify(state, "EC", "ES256", 256, true);
}
BENCHMARK(RightEs256);

void WrongEs256(benchmark::State& state) {
  Verify(state, "EC", "ES256", 256, false);
}
BENCHMARK(WrongEs256);

void RightRs256(benchmark::State& state) {
  Verify(state, "RSA", "RS256", 2048, true);
}
BENCHMARK(RightRs256);

void WrongRs256Of4096Bits(benchmark::State& state) {
  Verify(state, "RSA", "RS256", 4096, false);
}
BENCHMARK(WrongRs256Of4096Bits);

void HashedToken(benchmark::State& state) {
  std::string text;
  for (int i = 0; i < state.range(0); ++i) {
    absl::StrAppend(&text, "s", i,
                    " sha256:", absl::Hex(i + 1, absl::kZeroPad16),
                    std::string(48, '0'), "\n");
  }
  const auto file = *TokenFile::Parse(text);
  for (auto _ : state) {
    benchmark::DoNotOptimize(file->SubjectOf("a token of nobody"));
  }
}
BENCHMARK(HashedToken)->Arg(10)->Arg(10000);

void Admit(benchmark::State& state) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    absl::StrAppend(&text, "grant { principal: \"spiffe://", i,
                    "/*\" player: \"{*}\" }\n");
  }
  const auto policy = *Policy::Parse(text);
  for (auto _ : state) {
    benchmark::DoNotOptimize(policy->Admit({"spiffe://999/a"}).MayPlay("a"));
  }
}
BENCHMARK(Admit);

}  // namespace
}  // namespace earshot
