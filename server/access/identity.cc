#include "server/access/identity.h"

#include <cstddef>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "server/access/caller.h"
#include "server/access/pattern.h"

namespace earshot {
namespace {

constexpr absl::string_view kScheme = "bearer ";
// SPIFFE's bound is 2048; nobody's names come near it.
constexpr size_t kMaxNameBytes = 512;
constexpr size_t kMaxNames = 64;

// The kinds of identities that are no URIs: a certificate's URI name must not
// pass for one of them.
constexpr absl::string_view kKinds[] = {"token:", "jwt:", "dns:"};

Refusal Bad(absl::string_view message) {
  return {Reason::kBadToken, "authorization", std::string(message)};
}

// RFC 6750, 2.1.
Refusal FindToken(const std::vector<std::string>& authorization,
                  absl::string_view* token) {
  if (authorization.size() > 1) return Bad("there are several");
  const absl::string_view value = authorization.front();
  if (!absl::StartsWithIgnoreCase(value, kScheme)) {
    return Bad("expected is \"Bearer TOKEN\"");
  }
  *token = absl::StripAsciiWhitespace(value.substr(kScheme.size()));
  if (token->empty()) return Bad("the token is empty");
  return Refusal::None();
}

Refusal FindSubject(absl::string_view token, const TokenFile* tokens,
                    const JwtVerifier* jwts,
                    std::chrono::system_clock::time_point now,
                    std::string* identity) {
  if (tokens == nullptr && jwts == nullptr) {
    return Bad("this server takes no tokens");
  }
  if (tokens != nullptr) {
    if (const auto subject = tokens->SubjectOf(token)) {
      *identity = absl::StrCat("token:", *subject);
      return Refusal::None();
    }
  }
  if (jwts == nullptr ||
      (tokens != nullptr && !JwtVerifier::LooksLikeJwt(token))) {
    return Bad("the token is none that this server knows");
  }
  std::string subject;
  const Refusal refusal = jwts->Verify(token, now, &subject);
  if (refusal.ok()) *identity = absl::StrCat("jwt:", subject);
  return refusal;
}

bool IsOfAKind(absl::string_view uri) {
  if (uri.find(':') == absl::string_view::npos) return true;  // "anonymous"
  for (const absl::string_view kind : kKinds) {
    if (absl::StartsWithIgnoreCase(uri, kind)) return true;
  }
  return false;
}

bool MayBeName(const std::string& name) {
  return name.size() <= kMaxNameBytes && IsIdentityText(name);
}

}  // namespace

Refusal FindIdentities(const CallCredentials& credentials,
                       const TokenFile* tokens, const JwtVerifier* jwts,
                       std::chrono::system_clock::time_point now,
                       std::vector<std::string>* identities) {
  identities->clear();
  if (!credentials.authorization.empty()) {
    absl::string_view token;
    std::string identity;
    Refusal refusal = FindToken(credentials.authorization, &token);
    if (refusal.ok()) {
      refusal = FindSubject(token, tokens, jwts, now, &identity);
    }
    if (!refusal.ok()) return refusal;
    identities->push_back(identity);
  }
  for (const std::string& uri : credentials.uris) {
    if (MayBeName(uri) && !IsOfAKind(uri) && identities->size() < kMaxNames) {
      identities->push_back(uri);
    }
  }
  for (const std::string& name : credentials.dns_names) {
    if (MayBeName(name) && identities->size() < kMaxNames) {
      // RFC 4343: in them, case says nothing.
      identities->push_back(absl::StrCat("dns:", absl::AsciiStrToLower(name)));
    }
  }
  if (identities->empty()) identities->push_back(kAnonymous);
  return Refusal::None();
}

}  // namespace earshot
