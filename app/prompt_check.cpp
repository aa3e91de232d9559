#include "app/prompt_check.h"

#include <QList>
#include <QString>

namespace decodescope {
namespace {

/// "<0xE4>", a lone space, or one letter or symbol that does not begin a word. Digits and punctuation are
/// words of their own.
bool isBrokenPiece(const QString& piece) {
  if (piece.startsWith(QLatin1String("<0x"))) return true;
  const QList<uint> characters = piece.toUcs4();
  if (characters.size() != 1) return false;
  const uint c = characters.front();
  return QChar::isLetter(c) || QChar::isSymbol(c) || c == 0x2423 || c == 0xFFFD;
}

}  // namespace

double brokenShare(const RunSnapshot& run) {
  int counted = 0, broken = 0;
  for (int i = 0; i < run.promptLength; ++i) {
    const TokenId id = run.tokens[static_cast<std::size_t>(i)];
    if (run.model->tokenizer->isSpecial(id)) continue;
    ++counted;
    if (isBrokenPiece(QString::fromStdString(run.model->tokenizer->shownPiece(id)))) ++broken;
  }
  return counted == 0 ? 0 : static_cast<double>(broken) / counted;
}

}  // namespace decodescope
