#include "app/race_dialog.h"

#include "app/format.h"
#include "app/session_controller.h"

#include <QClipboard>
#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QGridLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QStringList>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

constexpr int kMostTokens = 100000;

QString tr(const char* text) {
  return RaceDialog::tr(text);
}

double tokensPerSecond(const RaceRunner& runner) {
  return runner.nanoseconds > 0 ? runner.tokens * 1e9 / static_cast<double>(runner.nanoseconds) : 0;
}

/// "3.4", "51": a ratio to two digits, or all digits before the point.
QString ratioText(double ratio) {
  return QString::number(ratio, 'f', ratio < 10 ? 1 : 0);
}

}  // namespace

QString clockText(std::uint64_t nanoseconds) {
  const double ns = static_cast<double>(nanoseconds);
  return ns < 1e9 ? tr("%1 ms").arg(QString::number(ns / 1e6, 'f', 3))
                  : tr("%1 s").arg(QString::number(ns / 1e9, 'f', 3));
}

QString raceResult(const RaceProgress& race) {
  if (race.runners.size() != 2) return {};
  const RaceRunner &with = race.runners[0], &without = race.runners[1];
  if (race.running) return {};
  if (!with.finished || !without.finished)
    return tr("Stopped before both were at the end: there is nothing to compare.");
  if (with.tokens != without.tokens || with.nanoseconds == 0 || with.macs == 0) return {};
  const double time = static_cast<double>(without.nanoseconds) / static_cast<double>(with.nanoseconds);
  const double work = static_cast<double>(without.macs) / static_cast<double>(with.macs);
  QString text = tr("Without the cache the same %1 tokens took %2× as long and %3× the multiplications.")
                     .arg(with.tokens)
                     .arg(ratioText(time), ratioText(work));
  if (with.tokens < race.target)
    text += QLatin1Char(' ') + tr("The context was full before the %1 tokens were reached.").arg(race.target);
  return text;
}

QString raceTable(const RaceProgress& race) {
  QStringList lines{QStringLiteral("kv_cache\ttokens\tnanoseconds\ttokens_per_second\tmacs\tfinished")};
  for (const RaceRunner& runner : race.runners) {
    lines << QStringList{runner.kvCache ? QStringLiteral("on") : QStringLiteral("off"),
                         QString::number(runner.tokens),
                         QString::number(runner.nanoseconds),
                         QString::number(tokensPerSecond(runner), 'f', 1),
                         QString::number(runner.macs),
                         runner.finished ? QStringLiteral("yes") : QStringLiteral("no")}
                 .join(QLatin1Char('\t'));
  }
  return lines.join(QLatin1Char('\n')) + QLatin1Char('\n');
}

RaceDialog::RaceDialog(SessionController& controller, int tokens, QWidget* parent)
    : QDialog(parent), m_controller(controller) {
  setWindowTitle(tr("Race: cache on against off"));
  setAccessibleName(windowTitle());
  m_what = new QLabel(this);
  m_what->setWordWrap(true);
  m_what->setTextFormat(Qt::PlainText);  // a prompt may look like markup

  m_tokens = new QSpinBox(this);
  m_tokens->setRange(1, kMostTokens);
  m_tokens->setGroupSeparatorShown(true);
  m_tokens->setValue(tokens);
  m_tokens->setAccessibleName(tr("Tokens to generate"));
  m_tokens->setToolTip(tr("How many new tokens each run has to generate"));
  auto* label = new QLabel(tr("&New tokens"), this);
  label->setBuddy(m_tokens);
  m_start = new QPushButton(tr("Start"), this);
  m_start->setDefault(true);
  connect(m_start, &QPushButton::clicked, this, &RaceDialog::startOrStop);
  auto* controls = new QHBoxLayout;
  controls->addWidget(label);
  controls->addWidget(m_tokens);
  controls->addWidget(m_start);
  controls->addStretch(1);

  auto* grid = new QGridLayout;
  grid->setColumnStretch(1, 1);
  m_runners[0] = makeRunner(tr("KV cache on"), 0, grid);
  m_runners[1] = makeRunner(tr("KV cache off"), 2, grid);

  m_result = new QLabel(this);
  m_result->setWordWrap(true);
  m_result->setAccessibleName(tr("Result"));
  m_result->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_measured = new QLabel(
      tr("Measured: the wall clock from each run's start, the prompt included. Both run at the same time, "
         "each on one thread, untraced, and go on after the end of the text, so that both generate the same "
         "tokens. MACs are counted, not estimated."),
      this);
  m_measured->setWordWrap(true);
  m_measured->setForegroundRole(QPalette::PlaceholderText);

  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  m_copy = buttons->addButton(tr("Copy numbers"), QDialogButtonBox::ActionRole);
  m_copy->setToolTip(tr("Copies times, rates and counts as a table for a spreadsheet"));
  connect(m_copy, &QPushButton::clicked, this, &RaceDialog::copyNumbers);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);

  auto* column = new QVBoxLayout(this);
  column->addWidget(m_what);
  column->addLayout(controls);
  column->addLayout(grid);
  column->addWidget(m_result);
  column->addStretch(1);
  column->addWidget(m_measured);
  column->addWidget(buttons);
  connect(&m_controller, &SessionController::snapshotChanged, this, &RaceDialog::refresh);
  refresh();
}

RaceDialog::Runner RaceDialog::makeRunner(const QString& name, int row, QGridLayout* grid) {
  auto* title = new QLabel(name, this);
  Runner runner{new QLabel(this), new QProgressBar(this), new QLabel(this)};
  runner.clock->setAccessibleName(tr("%1: time").arg(name));
  runner.clock->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  runner.progress->setAccessibleName(tr("%1: progress").arg(name));
  runner.progress->setTextVisible(false);
  runner.facts->setAccessibleName(tr("%1: rate and work").arg(name));
  runner.facts->setForegroundRole(QPalette::PlaceholderText);
  grid->addWidget(title, row, 0);
  grid->addWidget(runner.progress, row, 1);
  grid->addWidget(runner.clock, row, 2);
  grid->addWidget(runner.facts, row + 1, 1, 1, 2);
  return runner;
}

void RaceDialog::applyTheme(const Theme& theme) {
  const QFont clock = theme.monoSized(20, QFont::DemiBold);
  for (const Runner& runner : m_runners) {
    runner.clock->setFont(clock);
    // As wide as its widest text: the bars stay as long as the clocks run.
    runner.clock->setMinimumWidth(
        QFontMetrics(clock).horizontalAdvance(clockText(std::uint64_t{888'888'888})));
    runner.progress->setMinimumHeight(static_cast<int>(theme.px(16)));
  }
  m_result->setFont(theme.sized(15, QFont::DemiBold));
  m_result->setMinimumHeight(2 * QFontMetrics(m_result->font()).lineSpacing());
  setMinimumWidth(static_cast<int>(theme.px(520)));
}

int RaceDialog::tokens() const {
  return m_tokens->value();
}

bool RaceDialog::isRunning() const {
  const auto& race = m_controller.session()->race;
  return m_asked || (race && race->running);
}

void RaceDialog::startOrStop() {
  if (isRunning()) {
    m_stopped = true;
    m_controller.interrupt();
    // Dropped before it began.
    if (m_asked) m_asked = false;
  } else if (m_controller.firstRun()) {
    m_before = m_controller.session()->race;
    m_asked = true;
    m_stopped = false;
    m_controller.race(m_tokens->value());
  }
  refresh();
}

void RaceDialog::done(int result) {
  if (isRunning()) startOrStop();
  QDialog::done(result);
}

void RaceDialog::showRunner(const Runner& widgets, const RaceRunner* runner, int target) {
  widgets.progress->setRange(0, std::max(1, target));
  widgets.progress->setValue(runner ? runner->tokens : 0);
  widgets.clock->setText(clockText(runner ? runner->nanoseconds : 0));
  widgets.facts->setText(
      runner ? tr("%1 of %2 tokens · %3 tokens/s · %4 MACs")
                   .arg(runner->tokens)
                   .arg(target)
                   .arg(QString::number(tokensPerSecond(*runner), 'f', 0), shownCount(runner->macs))
             : tr("%1 tokens to go").arg(target));
}

void RaceDialog::refresh() {
  const RunSnapshot* run = m_controller.firstRun();
  const std::shared_ptr<const RaceProgress>& race = m_controller.session()->race;
  if (m_asked && race != m_before) m_asked = false;
  const bool shows = race && !m_asked && race->runners.size() == m_runners.size();
  for (std::size_t i = 0; i < m_runners.size(); ++i)
    showRunner(m_runners[i], shows ? &race->runners[i] : nullptr, shows ? race->target : m_tokens->value());
  const bool running = isRunning();
  m_start->setText(running ? tr("Stop") : tr("Start"));
  m_start->setEnabled(run != nullptr);
  m_tokens->setEnabled(!running);
  m_copy->setEnabled(shows);
  m_result->setText(shows ? raceResult(*race) : QString());
  if (!run) {
    m_what->setText(tr("Open a model first."));
    return;
  }
  const std::vector<TokenId> prompt(run->tokens.begin(), run->tokens.begin() + run->promptLength);
  QString text = QString::fromStdString(run->model->tokenizer->decode(prompt));
  if (text.size() > 80) text = text.left(79) + QChar(0x2026);
  const int room = run->model->config().maxPositionEmbeddings + 1 - run->promptLength;
  m_what->setText(tr("%1 on “%2” (%3 tokens). The context has room for %4 more.")
                      .arg(QString::fromStdString(run->model->name), text)
                      .arg(run->promptLength)
                      .arg(room));
}

void RaceDialog::copyNumbers() const {
  const auto& race = m_controller.session()->race;
  if (!race) return;
  QGuiApplication::clipboard()->setText(raceTable(*race));
}

}  // namespace decodescope
