#include "server/access/access_report.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace earshot {
namespace {

constexpr char kToken[] = "token:";
constexpr char kJwt[] = "jwt:";

std::string Quoted(const std::vector<std::string>& texts) {
  std::vector<std::string> parts;
  for (const std::string& text : texts) {
    parts.push_back(text == "*"
                        ? "any VM"
                        : absl::StrCat("\"", text, "\"",
                                       text == "{*}"
                                           ? " (the text of the principal's *)"
                                           : ""));
  }
  return absl::StrJoin(parts, ", ");
}

std::string Explain(const PolicyGrant& grant) {
  std::vector<std::string> roles;
  if (!grant.player.empty()) {
    roles.push_back(absl::StrCat("play as ", Quoted(grant.player)));
  }
  if (!grant.listener.empty()) {
    roles.push_back(
        absl::StrCat("see and hear the streams of ", Quoted(grant.listener)));
  }
  if (grant.is_operator) {
    roles.push_back("see, hear and change everything, as an operator");
  }
  return absl::StrCat("  ", absl::StrJoin(grant.principals, ", "), " may ",
                      absl::StrJoin(roles, "; "), " (line ", grant.line, ")");
}

std::string Bound(int64_t value) {
  return value == 0 ? std::string("any number of") : absl::StrCat(value);
}

std::string Explain(const Quotas& quotas) {
  return absl::StrCat(
      "  quotas: ", quotas.max_streams, " streams, ",
      Bound(quotas.max_streams_per_principal),
      " of one principal, who may open ", Bound(quotas.max_opens_per_second),
      " a second; a stream may send ", Bound(quotas.max_messages_per_second),
      " messages and ", Bound(quotas.max_bytes_per_second), " bytes a second; ",
      Bound(quotas.max_connections), " connections, ",
      Bound(quotas.max_connections_per_peer), " from one address");
}

// What there is to prove identities by.
struct Proofs {
  bool certificates;
  const TokenFile* tokens;
  const JwtVerifier* jwts;

  bool any() const {
    return certificates || tokens != nullptr || jwts != nullptr;
  }
};

bool FitsAToken(const Pattern& pattern, const TokenFile* tokens) {
  return tokens != nullptr &&
         std::any_of(tokens->subjects().begin(), tokens->subjects().end(),
                     [&pattern](const std::string& subject) {
                       return pattern.Fits(absl::StrCat(kToken, subject));
                     });
}

// Why nobody can ever be this; empty if somebody can.
std::string WhyNever(const std::string& principal, const Proofs& proofs) {
  const size_t star = principal.find('*');
  if (principal == kAnonymous || star < principal.find(':')) return "";
  if (absl::StartsWith(principal, kToken)) {
    if (proofs.tokens == nullptr) return "there is no --tokens";
    return FitsAToken(Pattern(principal), proofs.tokens)
               ? ""
               : "no token of the --tokens file is of such a subject";
  }
  if (absl::StartsWith(principal, kJwt)) {
    return proofs.jwts == nullptr ? "there is no --jwks" : "";
  }
  return proofs.certificates
             ? ""
             : "there is no --tls-client-ca, so certificates prove nothing";
}

bool AnyFits(const Policy& policy, const std::string& identity) {
  for (const PolicyGrant& grant : policy.grants()) {
    for (const std::string& principal : grant.principals) {
      if (Pattern(principal).Fits(identity)) return true;
    }
  }
  return false;
}

void WarnOfGrants(const Policy& policy, const Proofs& proofs,
                  AccessReport* report) {
  bool operators = false;
  for (const PolicyGrant& grant : policy.grants()) {
    operators = operators || grant.is_operator;
    for (const std::string& principal : grant.principals) {
      const std::string why = WhyNever(principal, proofs);
      if (!why.empty()) {
        report->warnings.push_back(
            absl::StrCat("policy line ", grant.line, ": \"", principal,
                         "\" can never be anybody: ", why));
      }
      if (principal != kAnonymous && Pattern(principal).Fits(kAnonymous)) {
        report->warnings.push_back(
            absl::StrCat("policy line ", grant.line, ": \"", principal,
                         "\" is also who has no credentials"));
      }
    }
  }
  if (!operators) {
    report->warnings.push_back(
        "nobody is an operator: nobody may close streams or ask for the "
        "server");
  }
  if (proofs.tokens == nullptr) return;
  for (const std::string& subject : proofs.tokens->subjects()) {
    if (AnyFits(policy, absl::StrCat(kToken, subject))) continue;
    report->warnings.push_back(absl::StrCat("the policy gives no role to \"",
                                            kToken, subject,
                                            "\", who has a token"));
  }
}

void ReportPolicy(const Policy& policy, const std::string& path,
                  const Proofs& proofs, AccessReport* report) {
  report->lines.push_back(absl::StrCat("policy ", path, " is right:"));
  for (const PolicyGrant& grant : policy.grants()) {
    report->lines.push_back(Explain(grant));
  }
  report->lines.push_back(
      "  whom none of these fits may ask for health, reflection and his own "
      "identity");
  report->lines.push_back(Explain(policy.quotas()));
  if (!proofs.any()) {
    report->warnings.push_back(
        "there are no credentials (--tls-client-ca, --tokens or --jwks): "
        "everybody is \"anonymous\"");
  }
  WarnOfGrants(policy, proofs, report);
}

void ReportKeys(const JwtKeys& keys, const AccessOptions& options,
                AccessReport* report) {
  report->lines.push_back(absl::StrCat(
      "jwks ", options.jwks, " is right: JWTs of ", options.jwt_issuer, " for ",
      options.jwt_audience, ", signed by"));
  for (const JwtKey& key : keys.keys) {
    report->lines.push_back(absl::StrCat(
        "  ",
        key.kid.empty() ? "a key without kid" : absl::StrCat("key ", key.kid),
        ": ", absl::StrJoin(key.algorithms, " or "), ", ", key.bits, " bits"));
  }
  for (const std::string& unused : keys.unused) {
    report->warnings.push_back(
        absl::StrCat("jwks ", options.jwks, ": not used: ", unused));
  }
}

}  // namespace

AccessReport ReportAccess(const AccessControl& access,
                          const AccessOptions& options, bool certificates) {
  const auto policy = access.policy();
  const auto tokens = access.tokens();
  const auto jwts = access.jwts();
  AccessReport report;
  if (policy != nullptr) {
    ReportPolicy(*policy, options.policy,
                 {certificates, tokens.get(), jwts.get()}, &report);
  } else {
    report.lines.push_back(
        "no --policy: whoever gets a connection may do everything");
    report.lines.push_back(Explain(Quotas()));
  }
  if (tokens != nullptr) {
    report.lines.push_back(
        absl::StrCat("tokens ", options.tokens, " is right: ", tokens->tokens(),
                     tokens->tokens() == 1 ? " token of " : " tokens of ",
                     absl::StrJoin(tokens->subjects(), ", ")));
  }
  if (jwts != nullptr) ReportKeys(jwts->keys(), options, &report);
  return report;
}

}  // namespace earshot
