#include "app/run_bar.h"

#include "app/format.h"
#include "app/icons.h"
#include "app/model_library.h"
#include "app/switch_button.h"

#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QToolButton>
#include <QWidgetAction>

#include <cmath>
#include <limits>

namespace decodescope {

SamplingEditor::SamplingEditor(QWidget* parent)
    : QWidget(parent),
      m_temperature(new QDoubleSpinBox(this)),
      m_topK(new QSpinBox(this)),
      m_topP(new QDoubleSpinBox(this)),
      m_seed(new QSpinBox(this)),
      m_ignoreEos(new QCheckBox(tr("&Go on after the end of the text"), this)) {
  m_temperature->setRange(0, 10);
  m_temperature->setSingleStep(0.1);
  m_temperature->setDecimals(2);
  m_temperature->setSpecialValueText(tr("0 (greedy)"));
  m_temperature->setToolTip(tr("Divides the logits. 0 always takes the most probable token"));
  m_topK->setRange(0, 1 << 24);
  m_topK->setSpecialValueText(tr("off"));
  m_topK->setToolTip(tr("Keeps the k most probable tokens"));
  m_topP->setRange(0.01, 1);
  m_topP->setSingleStep(0.05);
  m_topP->setDecimals(2);
  m_topP->setToolTip(tr("Keeps the smallest set of tokens whose probabilities reach p; 1 keeps all"));
  m_seed->setRange(0, std::numeric_limits<int>::max());
  m_seed->setToolTip(tr("The same seed draws the same tokens again"));
  m_temperature->setAccessibleName(tr("Temperature"));
  m_topK->setAccessibleName(tr("Top-k"));
  m_topP->setAccessibleName(tr("Top-p"));
  m_seed->setAccessibleName(tr("Seed"));
  m_ignoreEos->setAccessibleName(tr("Go on after the end of the text"));
  auto* form = new QFormLayout(this);
  form->addRow(tr("&Temperature"), m_temperature);
  form->addRow(tr("Top-&k"), m_topK);
  form->addRow(tr("Top-&p"), m_topP);
  form->addRow(tr("&Seed"), m_seed);
  form->addRow(m_ignoreEos);
  connect(m_temperature, &QDoubleSpinBox::valueChanged, this, &SamplingEditor::edited);
  connect(m_topK, &QSpinBox::valueChanged, this, &SamplingEditor::edited);
  connect(m_topP, &QDoubleSpinBox::valueChanged, this, &SamplingEditor::edited);
  connect(m_seed, &QSpinBox::valueChanged, this, &SamplingEditor::edited);
  connect(m_ignoreEos, &QCheckBox::toggled, this, &SamplingEditor::edited);
}

void SamplingEditor::setSettings(const RunSettings& settings) {
  const QSignalBlocker blocker(this);
  m_temperature->setValue(settings.sampling.temperature);
  m_topK->setValue(settings.sampling.topK);
  m_topP->setValue(settings.sampling.topP);
  m_seed->setValue(static_cast<int>(settings.sampling.seed));
  m_ignoreEos->setChecked(settings.ignoreEos);
}

RunSettings SamplingEditor::settings(RunSettings base) const {
  base.sampling.temperature = m_temperature->value();
  base.sampling.topK = m_topK->value();
  base.sampling.topP = m_topP->value();
  base.sampling.seed = static_cast<std::uint64_t>(m_seed->value());
  base.ignoreEos = m_ignoreEos->isChecked();
  return base;
}

RunBar::RunBar(QWidget* parent)
    : QWidget(parent),
      m_model(new QComboBox(this)),
      m_prompt(new QLineEdit(this)),
      m_cache(new SwitchButton(tr("KV cache"), this)),
      m_sampling(new QToolButton(this)),
      m_editor(new SamplingEditor),
      m_heads(new QToolButton(this)),
      m_compare(new QToolButton(this)) {
  setAccessibleName(tr("Model and prompt"));
  m_modelLabel = new QLabel(tr("&Model"), this);
  m_modelLabel->setBuddy(m_model);
  m_model->setAccessibleName(tr("Model"));
  m_model->setPlaceholderText(tr("No model"));
  m_model->setToolTip(tr("The model that runs. A folder or file can also be dropped on the window"));
  m_model->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  connect(m_model, &QComboBox::activated, this, [this](int index) {
    const QString path = m_model->itemData(index).toString();
    const QSignalBlocker blocker(m_model);
    m_model->setCurrentIndex(m_model->findData(m_currentModel));
    path.isEmpty() ? emit openRequested() : emit modelChosen(path);
  });

  m_promptLabel = new QLabel(tr("&Prompt"), this);
  m_promptLabel->setBuddy(m_prompt);
  m_prompt->setAccessibleName(tr("Prompt"));
  m_prompt->setPlaceholderText(tr("Type a prompt; Enter starts a run"));
  m_prompt->setToolTip(tr("Enter starts a run on this text"));
  connect(m_prompt, &QLineEdit::returnPressed, this, [this] { emit promptEntered(m_prompt->text()); });

  m_cache->setToolTip(
      tr("Keep the keys and values of earlier tokens (Ctrl+K). Switching keeps the text; the next step shows "
         "what has to be computed again"));
  m_cacheAction = new QAction(tr("&KV cache"), this);
  m_cacheAction->setCheckable(true);
  m_cacheAction->setShortcut(QKeySequence(tr("Ctrl+K")));
  connect(m_cacheAction, &QAction::toggled, m_cache, &QAbstractButton::setChecked);
  connect(m_cache, &QAbstractButton::toggled, m_cacheAction, &QAction::setChecked);
  connect(m_cache, &QAbstractButton::toggled, this, [this](bool on) {
    m_settings.kvCache = on;
    emit settingsEdited();
  });

  m_sampling->setIcon(icon(Icon::sliders));
  m_sampling->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  m_sampling->setPopupMode(QToolButton::InstantPopup);
  m_sampling->setFocusPolicy(Qt::StrongFocus);
  m_sampling->setAccessibleName(tr("Sampling"));
  m_sampling->setToolTip(tr("How the next token is picked from the probabilities"));
  auto* menu = new QMenu(m_sampling);
  menu->setAccessibleName(tr("Sampling settings"));
  auto* form = new QWidgetAction(menu);
  form->setDefaultWidget(m_editor);
  menu->addAction(form);
  m_sampling->setMenu(menu);
  connect(m_editor, &SamplingEditor::edited, this, [this] {
    m_settings = m_editor->settings(m_settings);
    showSamplingText();
    emit settingsEdited();
  });

  m_heads->setIcon(icon(Icon::heads));
  m_heads->setText(tr("Heads"));
  m_heads->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  m_heads->setPopupMode(QToolButton::InstantPopup);
  m_heads->setFocusPolicy(Qt::StrongFocus);
  m_heads->setAccessibleName(tr("Heads worth seeing"));
  m_heads->setToolTip(tr("Heads worth seeing: what single heads of this model were measured to do"));
  m_heads->setMenu(new QMenu(m_heads));
  m_heads->hide();

  m_compare->setIcon(icon(Icon::compare));
  m_compare->setText(tr("Compare"));
  m_compare->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  m_compare->setPopupMode(QToolButton::InstantPopup);
  m_compare->setFocusPolicy(Qt::StrongFocus);
  m_compare->setAccessibleName(tr("Compare"));
  m_compare->setToolTip(tr("Further runs in lockstep beside this one: the cache off, no mask, other models"));

  auto* row = new QHBoxLayout(this);
  row->addWidget(m_modelLabel);
  row->addWidget(m_model);
  row->addWidget(m_promptLabel);
  row->addWidget(m_prompt, 1);
  row->addWidget(m_cache);
  row->addWidget(m_sampling);
  row->addWidget(m_heads);
  row->addWidget(m_compare);
  setSettings({});
}

void RunBar::applyTheme(const Theme& theme) {
  const int gap = static_cast<int>(std::lround(theme.px(4)));
  layout()->setContentsMargins(2 * gap, gap, 2 * gap, gap);
  layout()->setSpacing(2 * gap);
  m_prompt->setMinimumWidth(static_cast<int>(theme.px(70)));
}

void RunBar::fitTo(double room) {
  const bool compact = room < 820, tiny = room < 560;
  m_modelLabel->setVisible(!compact);
  m_promptLabel->setVisible(!compact);
  const Qt::ToolButtonStyle style = compact ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextBesideIcon;
  m_sampling->setToolButtonStyle(style);
  m_heads->setToolButtonStyle(style);
  m_compare->setToolButtonStyle(style);
  m_cache->setTextShown(!tiny);
  m_model->setMinimumContentsLength(tiny ? 6 : 12);
}

void RunBar::setModels(const QStringList& bundled, const QStringList& recent, const QString& current) {
  const QSignalBlocker blocker(m_model);
  m_currentModel = current;
  m_model->clear();
  const auto add = [this](const QString& path) {
    m_model->addItem(modelName(path), path);
    m_model->setItemData(m_model->count() - 1, path, Qt::ToolTipRole);
  };
  for (const QString& path : bundled) add(path);
  QStringList others;
  for (const QString& path : recent) {
    if (!bundled.contains(path)) others << path;
  }
  if (!current.isEmpty() && !bundled.contains(current) && !others.contains(current)) others.prepend(current);
  if (!bundled.isEmpty() && !others.isEmpty()) m_model->insertSeparator(m_model->count());
  for (const QString& path : others) add(path);
  m_model->insertSeparator(m_model->count());
  m_model->addItem(icon(Icon::open), tr("Open…"), QString());
  m_model->setCurrentIndex(current.isEmpty() ? -1 : m_model->findData(current));
}

void RunBar::setHeads(const std::vector<NotableHead>& heads) {
  QMenu* menu = m_heads->menu();
  menu->clear();
  menu->addSection(tr("Heads worth seeing"));
  for (const NotableHead& head : heads) {
    QAction* action = menu->addAction(tr("layer %1 · head %2: %3 (%4 of its weight)")
                                          .arg(head.layer.value)
                                          .arg(head.head.value)
                                          .arg(QString::fromStdString(head.role), shownPercent(head.share)));
    connect(action, &QAction::triggered, this, [this, head] { emit headChosen(head.layer, head.head); });
  }
  m_heads->setVisible(!heads.empty());
}

void RunBar::setCompareMenu(QMenu* menu) {
  m_compare->setMenu(menu);
}

void RunBar::setSettings(const RunSettings& settings) {
  const QSignalBlocker blocker(this);
  m_settings = settings;
  m_cache->setChecked(settings.kvCache);
  m_editor->setSettings(settings);
  showSamplingText();
}

RunSettings RunBar::settings() const {
  return m_settings;
}

void RunBar::showSamplingText() {
  const SamplingSettings& sampling = m_settings.sampling;
  if (sampling.temperature <= 0) {
    m_sampling->setText(tr("Greedy"));
    return;
  }
  QString text = tr("T %1").arg(QString::number(sampling.temperature));
  if (sampling.topK > 0) text += tr(" · k %1").arg(sampling.topK);
  if (sampling.topP < 1) text += tr(" · p %1").arg(QString::number(sampling.topP));
  m_sampling->setText(text);
}

QString RunBar::prompt() const {
  return m_prompt->text();
}

void RunBar::setPrompt(const QString& prompt) {
  m_prompt->setText(prompt);
  m_prompt->setCursorPosition(0);
}

void RunBar::focusPrompt() {
  m_prompt->setFocus(Qt::ShortcutFocusReason);
  m_prompt->selectAll();
}

}  // namespace decodescope
