#include "app/lane_editor.h"
#include "app/main_window.h"
#include "app/model_library.h"
#include "app/model_preview.h"
#include "app/model_summary.h"
#include "app/session_controller.h"
#include "app/transport.h"
#include "core/tokenizer/id_tokenizer.h"

#include <QAction>
#include <QActionGroup>
#include <QDialog>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QPlainTextEdit>
#include <QStatusBar>
#include <QVBoxLayout>

#include <algorithm>

/// The window's part in opening models: what is told before, during and after it.

namespace decodescope {
namespace {

constexpr int kOutlineMilliseconds = 8000;
/// From here on a load is announced at once; a smaller one is over before it can be read.
constexpr std::uint64_t kLargeBytes = std::uint64_t{128} << 20;
constexpr std::size_t kWarningsInBanner = 3;

struct RotaryRow {
  RotaryLayout layout;
  const char* title;
  const char* tip;
};
constexpr RotaryRow kRotary[] = {
    {RotaryLayout::rotateHalf, QT_TRANSLATE_NOOP("MainWindow", "&Rotate-half: pair i is (x[i], x[i + d/2])"),
     QT_TRANSLATE_NOOP(
         "MainWindow",
         "As Hugging Face stores q and k. For a llama2.c or GGUF file that was exported from there "
         "without permuting them")},
    {RotaryLayout::interleaved, QT_TRANSLATE_NOOP("MainWindow", "&Interleaved: pair i is (x[2i], x[2i + 1])"),
     QT_TRANSLATE_NOOP(
         "MainWindow",
         "As RoFormer, llama2.c and llama.cpp's llama have them. For a folder whose q and k were "
         "permuted already")},
};

}  // namespace

QFileDialog* MainWindow::modelDialog(const QString& title) {
  auto* dialog = new QFileDialog(this, title, QFileInfo(m_settings.modelPath()).path(),
                                 tr("Models (config.json *.safetensors *.gguf *.bin);;All files (*)"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFile);
  dialog->setOption(QFileDialog::DontUseNativeDialog);
  ModelPreview::addTo(*dialog);
  return dialog;
}

void MainWindow::chooseModelFile() {
  QFileDialog* dialog = modelDialog(tr("Open a model"));
  connect(dialog, &QFileDialog::fileSelected, this, &MainWindow::switchModel);
  dialog->open();
}

/// A foreign model's outline, as soon as its headers are read: in the status bar, or with the progress when
/// it is large.
void MainWindow::showLoading() {
  const SessionSnapshot& session = *m_controller.session();
  if (!session.busy || !session.outline) return;
  const ModelOutline& outline = *session.outline;
  const QString path = QString::fromStdString(outline.path);
  if (path == m_outlineShown) return;
  m_outlineShown = path;
  const bool progress = m_banner->kind() == Banner::Kind::progress && m_banner->isVisible();
  if (progress || outline.weightBytes() >= kLargeBytes) {
    showProgress();
  } else if (!bundledModelPaths().contains(path)) {
    statusBar()->showMessage(
        tr("%1: %2 · %3")
            .arg(QString::fromStdString(outline.name), architectureText(outline.config), sizeText(outline)),
        kOutlineMilliseconds);
  }
}

void MainWindow::showProgress() {
  const SessionSnapshot& session = *m_controller.session();
  QString text = session.activity.empty() ? tr("Decoding…") : QString::fromStdString(session.activity);
  if (session.outline)
    text += tr("\n%1\n%2").arg(architectureText(session.outline->config), sizeText(*session.outline));
  m_banner->showMessage(Banner::Kind::progress, text, {{tr("Cancel"), [this] { m_controller.interrupt(); }}});
  m_banner->setProgress(session.progress);
}

void MainWindow::askWhetherTooLarge(std::function<void()> anyway) {
  m_banner->showMessage(Banner::Kind::warning, tooLargeText(*m_controller.session()->outline),
                        {{tr("Open anyway"), std::move(anyway)}, {tr("Do not open"), [this] {
                                                                    m_banner->hide();
                                                                    if (!m_controller.run())
                                                                      offerModels(Banner::Kind::hint,
                                                                                  tr("No model is open."));
                                                                  }}});
}

/// What was said of another model, or of another try.
void MainWindow::dropOldMessage() {
  if (m_banner->kind() == Banner::Kind::warning || m_banner->kind() == Banner::Kind::error) m_banner->hide();
}

void MainWindow::showWarnings(const LoadedModel& model) {
  QStringList lines;
  for (const std::string& warning : model.warnings) lines << QString::fromStdString(warning);
  std::vector<Banner::Action> actions;
  if (dynamic_cast<const IdTokenizer*>(model.tokenizer.get())) {
    if (lines.isEmpty()) lines << tr("there is no tokenizer, so it takes token ids, such as “1 5 9”");
    actions.push_back(tokenizerAction(model.path));
  }
  if (lines.isEmpty()) return;
  if (lines.size() == 1) lines.front().prepend(tr("%1: ").arg(QString::fromStdString(model.name)));
  const auto shown = static_cast<qsizetype>(kWarningsInBanner);
  if (lines.size() <= shown) {
    m_banner->showMessage(Banner::Kind::warning, lines.join(QLatin1Char('\n')), actions);
    return;
  }
  const QString text = tr("%1\nand %2 more warnings")
                           .arg(lines.mid(0, shown - 1).join(QLatin1Char('\n')))
                           .arg(lines.size() - shown + 1);
  actions.emplace_back(tr("Show all"), [this, lines] {
    auto* dialog = new QDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Warnings about the model"));
    auto* list = new QPlainTextEdit(lines.join(QLatin1Char('\n')), dialog);
    list->setReadOnly(true);
    list->setLineWrapMode(QPlainTextEdit::NoWrap);
    list->setAccessibleName(tr("Warnings"));
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    auto* column = new QVBoxLayout(dialog);
    column->addWidget(list);
    column->addWidget(buttons);
    dialog->resize(static_cast<int>(m_theme.px(640)), static_cast<int>(m_theme.px(360)));
    dialog->open();
  });
  m_banner->showMessage(Banner::Kind::warning, text, actions);
}

Banner::Action MainWindow::tokenizerAction(const std::string& model) {
  return {tr("Choose tokenizer…"), [this, path = QString::fromStdString(model)] { chooseTokenizer(path); }};
}

void MainWindow::chooseTokenizer(const QString& model) {
  const QFileInfo info(model);
  auto* dialog =
      new QFileDialog(this, tr("Choose a tokenizer"), info.isDir() ? model : info.path(),
                      tr("Tokenizers (tok*.bin tokenizer.json vocab.json merges.txt);;All files (*)"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFile);
  dialog->setOption(QFileDialog::DontUseNativeDialog);
  connect(dialog, &QFileDialog::fileSelected, this,
          [this, model](const QString& file) { openWithTokenizer(model, file); });
  dialog->open();
}

/// Opens the model again: texts mean other ids now. Remembered once it is open.
void MainWindow::openWithTokenizer(const QString& model, const QString& tokenizer) {
  SessionWorker::OpenRequest request = requestFor(model, {});
  request.tokenizer = tokenizer.toStdString();
  dropOldMessage();
  open(request);
  m_transport->takeFocus();
}

void MainWindow::buildTokenizerMenu(QMenu* menu) {
  menu->setToolTipsVisible(true);
  menu->setAccessibleName(tr("Tokenizer"));
  const auto model = [this] { return QString::fromStdString(m_controller.firstRun()->model->path); };
  QAction* own = menu->addAction(tr("&From the model"));
  connect(own, &QAction::triggered, this, [this, model] {
    if (!m_controller.firstRun()->model->tokenizerPath.empty()) openWithTokenizer(model(), {});
  });
  own->setToolTip(tr("The tokenizer that stands in the model's file or folder, or beside it"));
  QAction* chosen = menu->addAction(tr("From a chosen file"));
  chosen->setEnabled(false);
  auto* group = new QActionGroup(menu);
  for (QAction* action : {own, chosen}) {
    action->setCheckable(true);
    group->addAction(action);
  }
  menu->addSeparator();
  QAction* choose = menu->addAction(tr("&Choose…"), this, [this, model] { chooseTokenizer(model()); });
  choose->setToolTip(
      tr("Read the model's tokenizer from another file: llama2.c's tokenizer.bin, a tokenizer.json, or a "
         "vocab.json with its merges.txt. Remembered for this model"));
  const auto refresh = [this, menu, own, chosen] {
    const RunSnapshot* first = m_controller.firstRun();
    menu->menuAction()->setEnabled(first != nullptr);
    const QString path = first ? QString::fromStdString(first->model->tokenizerPath) : QString();
    own->setChecked(path.isEmpty());
    chosen->setVisible(!path.isEmpty());
    chosen->setChecked(!path.isEmpty());
    if (!path.isEmpty()) chosen->setText(QString(path).replace(QLatin1Char('&'), QStringLiteral("&&")));
  };
  connect(&m_controller, &SessionController::snapshotChanged, menu, refresh);
  refresh();
}

void MainWindow::buildRotaryMenu(QMenu* menu) {
  menu->setToolTipsVisible(true);
  menu->setAccessibleName(tr("Rotary pairs"));
  auto* group = new QActionGroup(menu);
  for (const RotaryRow& row : kRotary) {
    QAction* action =
        menu->addAction(tr(row.title), this, [this, &row] { m_lanes->setRotaryLayout(row.layout); });
    action->setToolTip(tr(row.tip));
    action->setCheckable(true);
    group->addAction(action);
  }
  const auto refresh = [this, menu, group] {
    const RunSnapshot* first = m_controller.firstRun();
    const bool rotary = first && first->model->config().position == PositionKind::rotary;
    menu->menuAction()->setEnabled(rotary);
    for (std::size_t i = 0; i < std::size(kRotary); ++i) {
      QAction* action = group->actions()[static_cast<qsizetype>(i)];
      const bool is = rotary && first->model->config().rotaryLayout == kRotary[i].layout;
      action->setChecked(is);
      // Where nothing was changed, what the run has is what the file says.
      const bool files = rotary && is != first->model->derivedRotary.has_value();
      action->setText(files ? tr("%1 — the file's own").arg(tr(kRotary[i].title)) : tr(kRotary[i].title));
    }
  };
  connect(&m_controller, &SessionController::snapshotChanged, menu, refresh);
  refresh();
}

}  // namespace decodescope
