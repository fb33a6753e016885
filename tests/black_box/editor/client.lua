-- What a person does in Neovim, with its own client of the language server; each answer is a line of answers.txt.
local answers = {}

local function finish(code)
  vim.fn.writefile(answers, 'answers.txt')
  vim.cmd((code == 0 and 'qall!') or 'cquit 1')
end

local function say(what, text)
  table.insert(answers, what .. ': ' .. text:gsub('\n', ' '))
end

local function wait(what, condition)
  if not vim.wait(60000, condition, 5) then
    say('gave up', what)
    finish(1)
  end
end

local function cursor(line, column) vim.api.nvim_win_set_cursor(0, { line, column }) end
local function set(line, text) vim.api.nvim_buf_set_lines(0, line - 1, line, false, { text }) end
local function here() return vim.fn.fnamemodify(vim.api.nvim_buf_get_name(0), ':t') .. ':' .. vim.fn.line('.') end

local function ask(method, parameters)
  parameters = parameters or vim.lsp.util.make_position_params()
  local replies = vim.lsp.buf_request_sync(0, method, parameters, 60000) or {}
  for _, reply in pairs(replies) do
    if reply.error then say(method, 'error ' .. reply.error.message) end
    return reply.result
  end
end

vim.o.hidden = true
vim.cmd('edit buildout.cfg')
local main = vim.api.nvim_get_current_buf()
local client = vim.lsp.start_client({
  name = 'buildout-host', cmd = { 'buildout-host', 'language-server' }, root_dir = vim.fn.getcwd(),
})
vim.lsp.buf_attach_client(main, client)

-- A mistake is shown, and goes when it is corrected.
wait('a diagnostic', function() return #vim.diagnostic.get(main) > 0 end)
for _, found in ipairs(vim.diagnostic.get(main)) do
  say('diagnostic', (found.lnum + 1) .. ':' .. (found.col + 1) .. ' ' .. found.message)
end
set(7, 'environment = CPPFLAGS=-I${zlib:location}/include')
wait('no diagnostic', function() return #vim.diagnostic.get(main) == 0 end)
say('corrected', tostring(#vim.diagnostic.get(main)))

-- From a reference to the section in another file.
cursor(7, 29)
vim.lsp.buf.definition()
wait('the other file', function() return vim.api.nvim_get_current_buf() ~= main end)
say('definition', here())
vim.api.nvim_set_current_buf(main)

-- The options of the recipe, with their documentation.
vim.api.nvim_buf_set_lines(0, 7, 7, false, { 'configure-o' })
cursor(8, 11)
for _, item in ipairs(ask('textDocument/completion')) do
  if item.label == 'configure-options' then say('completion', item.label .. ' ' .. item.documentation.value) end
end
set(8, 'configure-options = --disable-static')

cursor(7, 26)
say('hover', ask('textDocument/hover').contents.value)
cursor(7, 33)
say('hover', (ask('textDocument/hover') or { contents = { value = 'nothing' } }).contents.value)
say('references', tostring(#ask('textDocument/references', vim.tbl_extend('force', vim.lsp.util.make_position_params(), { context = { includeDeclaration = true } }))))

-- Over both files.
cursor(7, 26)
vim.lsp.buf.rename('libz')
wait('the new name', function() return vim.fn.getline(7):find('libz', 1, true) ~= nil end)
say('renamed', vim.fn.getline(7))
vim.cmd('buffer zlib.cfg')
say('renamed', vim.fn.getline(1))
vim.api.nvim_set_current_buf(main)

local function formatted()
  set(8, 'configure-options=--disable-static   ')
  vim.lsp.buf.formatting_sync(nil, 60000)
  return vim.fn.getline(vim.fn.search('^configure-options'))
end
say('formatted', formatted())
local symbols = {}
for _, symbol in ipairs(ask('textDocument/documentSymbol', { textDocument = vim.lsp.util.make_text_document_params() })) do
  table.insert(symbols, symbol.name .. ' ' .. (symbol.detail or ''))
end
say('symbols', table.concat(symbols, ','))
for _, link in ipairs(ask('textDocument/documentLink', { textDocument = vim.lsp.util.make_text_document_params() })) do
  say('link', vim.fn.fnamemodify(vim.uri_to_fname(link.target), ':t'))
end
vim.lsp.stop_client(client)
wait('the end of the server', function() return vim.lsp.client_is_stopped(client) end)
say('stopped', 'yes')
finish(0)
