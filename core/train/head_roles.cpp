#include "core/train/head_roles.h"

#include "core/decode/forward.h"
#include "core/train/backward_ops.h"
#include "core/train/bpe_trainer.h"
#include "core/train/tale_grammar.h"
#include "core/train/tales.h"
#include "core/train/training_sink.h"

#include <algorithm>
#include <array>
#include <set>

namespace decodescope {
namespace {

constexpr double kSmallestShare = 0.25;

enum Role { kPrevious, kCopiesName, kCompletesPair, kPronoun, kFirst, kRoleCount };

struct RoleRow {
  const char* name;
  std::size_t heads;  ///< how many of the best are named
};
constexpr std::array<RoleRow, kRoleCount> kRoles{{{"previous token", 2},
                                                  {"copies a name", 2},
                                                  {"completes a pair", 2},
                                                  {"pronoun to name", 1},
                                                  {"first token", 1}}};

/// Token ids of the words that roles are about.
struct WordClasses {
  std::set<int> girls, boys, names, cues, female, male;

  explicit WordClasses(const Tokenizer& tokenizer) {
    const TaleGrammar& grammar = taleGrammar();
    collect(tokenizer, grammar.girlNames, girls);
    collect(tokenizer, grammar.boyNames, boys);
    collect(tokenizer, grammar.womanTitles, cues);
    collect(tokenizer, grammar.manTitles, cues);
    collect(tokenizer, grammar.colours, cues);
    constexpr const char* kFemale[] = {"she", "She", "her", "Her"};
    constexpr const char* kMale[] = {"he", "He", "him", "his", "His"};
    collect(tokenizer, std::span<const char* const>(kFemale), female);
    collect(tokenizer, std::span<const char* const>(kMale), male);
    names = girls;
    names.insert(boys.begin(), boys.end());
  }

  static void collect(const Tokenizer& tokenizer, std::span<const char* const> words, std::set<int>& ids) {
    for (const char* const word : words) {
      if (const auto id = tokenizer.idOf(std::string(kSpacePiece) + word)) ids.insert(id->value);
    }
  }
};

/// Sums of one role over queries, a number a head.
struct RoleSums {
  std::vector<double> shares;
  double queries = 0;
};

class Measurer {
 public:
  Measurer(const Model& model, const Tokenizer& tokenizer)
      : m_model(model),
        m_classes(tokenizer),
        m_sink(model.config(), model.config().maxPositionEmbeddings),
        m_cache(model.config()) {
    const int heads = model.config().numHiddenLayers * model.config().numAttentionHeads;
    for (RoleSums& role : m_roles) role.shares.resize(static_cast<std::size_t>(heads));
  }

  void add(std::span<const TokenId> ids) {
    const int rows = static_cast<int>(ids.size()) - 1;
    m_sink.begin(rows);
    m_cache.truncate(0);
    ForwardOptions options;
    options.sink = &m_sink;
    options.logitsOfAllRows = true;
    const ForwardResult result =
        forward(m_model, ids.first(static_cast<std::size_t>(rows)), m_cache, m_workspace, options);
    for (int t = 0; t < rows; ++t) {
      const TokenId next = ids[static_cast<std::size_t>(t) + 1];
      const double loss = negativeLogLikelihood(result.logits.rowSpan(t), next);
      m_loss += loss;
      ++m_tokens;
      const std::vector<int> mentions = positionsOf(ids, t, [&](int j) { return at(ids, j) == next.value; });
      if (m_classes.names.contains(next.value) && !mentions.empty()) {
        m_nameLoss += loss;
        const std::span<const float> row = result.logits.rowSpan(t);
        m_nameHits += std::max_element(row.begin(), row.end()) - row.begin() == next.value ? 1 : 0;
        addQuery(kCopiesName, t, mentions);
      }
      addRoles(ids, t, next.value);
    }
  }

  TalesMeasurement result() const {
    TalesMeasurement out;
    const double names = std::max(1.0, m_roles[kCopiesName].queries);
    out.tokens = m_tokens;
    out.lossPerToken = m_loss / static_cast<double>(std::max<std::uint64_t>(1, m_tokens));
    out.nameLoss = m_nameLoss / names;
    out.nameAccuracy = m_nameHits / names;
    const int heads = m_model.config().numAttentionHeads;
    for (std::size_t r = 0; r < kRoles.size(); ++r) {
      std::vector<NotableHead> ranked;
      for (std::size_t i = 0; i < m_roles[r].shares.size(); ++i) {
        const double share = std::min(1.0, m_roles[r].shares[i] / std::max(1.0, m_roles[r].queries));
        const int index = static_cast<int>(i);
        ranked.push_back({LayerIndex{index / heads}, HeadIndex{index % heads}, kRoles[r].name, share});
      }
      std::stable_sort(ranked.begin(), ranked.end(),
                       [](const NotableHead& a, const NotableHead& b) { return a.share > b.share; });
      ranked.resize(std::min(ranked.size(), kRoles[r].heads));
      for (const NotableHead& head : ranked) {
        if (head.share >= kSmallestShare) out.heads.push_back(head);
      }
    }
    return out;
  }

 private:
  static int at(std::span<const TokenId> ids, int position) {
    return ids[static_cast<std::size_t>(position)].value;
  }

  /// The positions 1 … last for which the predicate holds.
  template <class Predicate>
  static std::vector<int> positionsOf(std::span<const TokenId>, int last, const Predicate& holds) {
    std::vector<int> positions;
    for (int j = 1; j <= last; ++j) {
      if (holds(j)) positions.push_back(j);
    }
    return positions;
  }

  void addRoles(std::span<const TokenId> ids, int t, int next) {
    if (t >= 2) {
      addQuery(kPrevious, t, {t - 1});
      addQuery(kFirst, t, {0});
    }
    if (m_classes.cues.contains(at(ids, t))) {
      const std::vector<int> followers =
          positionsOf(ids, t - 1, [&](int j) { return at(ids, j) == next && at(ids, j - 1) == at(ids, t); });
      if (!followers.empty()) addQuery(kCompletesPair, t, followers);
    }
    const bool female = m_classes.female.contains(next);
    if (female || m_classes.male.contains(next)) {
      const std::set<int>& names = female ? m_classes.girls : m_classes.boys;
      const std::vector<int> whom = positionsOf(ids, t, [&](int j) { return names.contains(at(ids, j)); });
      if (!whom.empty()) addQuery(kPronoun, t, whom);
    }
  }

  void addQuery(Role role, int query, const std::vector<int>& targets) {
    RoleSums& sums = m_roles[role];
    sums.queries += 1;
    const int heads = m_model.config().numAttentionHeads;
    for (std::size_t i = 0; i < sums.shares.size(); ++i) {
      const int index = static_cast<int>(i);
      const ConstMatrixSpan weights = m_sink.weightsOf(LayerIndex{index / heads}, HeadIndex{index % heads});
      for (const int target : targets) sums.shares[i] += static_cast<double>(weights(query, target));
    }
  }

  const Model& m_model;
  WordClasses m_classes;
  TrainingSink m_sink;
  KvCache m_cache;
  ForwardWorkspace m_workspace;
  std::array<RoleSums, kRoleCount> m_roles;
  double m_loss = 0;
  double m_nameLoss = 0;
  double m_nameHits = 0;
  std::uint64_t m_tokens = 0;
};

}  // namespace

Result<TalesMeasurement> measureOnTales(const Model& model, const Tokenizer& tokenizer, std::uint64_t seed,
                                        int tales) {
  Measurer measurer(model, tokenizer);
  for (int i = 0; i < tales; ++i) {
    DECODESCOPE_TRY(std::vector<TokenId> ids,
                    tokenizer.encode(makeTale(seed, static_cast<std::uint64_t>(i)).text));
    if (!model.config().eosTokenIds.empty()) ids.push_back(model.config().eosTokenIds.front());
    const auto limit = static_cast<std::size_t>(model.config().maxPositionEmbeddings) + 1;
    measurer.add(std::span<const TokenId>(ids).first(std::min(ids.size(), limit)));
  }
  return measurer.result();
}

}  // namespace decodescope
