#pragma once

#include "core/decode/pick_steps.h"
#include "views/shown_run.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <optional>
#include <vector>

namespace decodescope {

/// From the logits of the shown step to its pick, without a pixel.
class PickModel {
 public:
  /// `whatIf`: settings to try on the step's logits instead of those it was picked with; their seed stays.
  void present(const ShownRun& shown, const std::optional<SamplingSettings>& whatIf);

  bool hasLogits() const { return !m_logits.empty(); }
  std::span<const float> logits() const { return m_logits; }
  /// The likeliest candidates, and the pick when it is not among them.
  const PickSteps& steps() const { return m_steps; }
  const SamplingSettings& settings() const { return m_settings; }  ///< that the picture shows
  bool isWhatIf() const { return m_isWhatIf; }
  TokenId picked() const { return m_picked; }  ///< by the run
  /// By the shown settings and the same random number; without a what-if the run's own pick, before the user
  /// chose otherwise.
  TokenId whatIfPick() const { return m_whatIfPick; }
  double drawn() const { return m_drawn; }  ///< the random number of this step; unused by greedy picks
  /// The step's settings picked otherwise: the user put another token in place of the pick.
  bool chosenInstead() const { return m_chosenInstead; }

  QString piece(TokenId id) const { return m_shown.piece(id); }
  QString title() const;
  QStringList subtitle() const;
  QString note() const;
  QString readout() const;
  /// What becomes of the logits, step by step: name and what it does here.
  std::vector<std::pair<QString, QString>> pipeline() const;
  QString fateText(const CandidateSteps& candidate) const;  ///< "cut by top-k"
  QString toolTip(const CandidateSteps& candidate) const;
  /// What all candidates but these (indices into steps().candidates) hold together.
  struct Rest {
    int tokens = 0;
    double probability = 0, kept = 0;
  };
  Rest rest(std::span<const int> shown) const;
  NamedTable table() const;

 private:
  QString quoted(TokenId id) const { return QStringLiteral("“%1”").arg(piece(id)); }

  ShownRun m_shown;
  std::vector<float> m_logits;
  std::uint64_t m_logitsRun = 0;  ///< of which run and step m_logits are
  int m_logitsStep = 0;
  const void* m_logitsTrace = nullptr;
  PickSteps m_steps;
  SamplingSettings m_settings;
  bool m_isWhatIf = false;
  bool m_chosenInstead = false;
  double m_drawn = 0;
  TokenId m_picked, m_whatIfPick;
};

/// "greedy", or "temperature 0.8, top-k 40, top-p 0.9".
QString samplingText(const SamplingSettings& settings);

}  // namespace decodescope
