#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "views/view.h"
#endif

#include <QString>

namespace decodescope {

/// Adds what the offer names to the rules, for queries from `from` on. What they hold already stays as it is.
void addStrikes(AttentionRules& rules, const StrikeOffer& offer, Position from);

/// "struck out: layer 0 head 3, layer 1 KV head 0 row 5"; many of a kind are counted.
QString strikeLabel(const AttentionRules& rules);

}  // namespace decodescope
