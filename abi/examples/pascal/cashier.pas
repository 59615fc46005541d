{ A console cashier over payrack.h: cashier [HOME [POS [MODULE]]], with the library in HOME. For Delphi and Free Pascal, built with
  bindings/pascal/payrack.pas. Copy what you need; see docs/en/cashier-programmer.md. }
program cashier;

{$IFDEF FPC}{$MODE DELPHI}{$CODEPAGE UTF8}{$ENDIF}
{$APPTYPE CONSOLE}

uses
  {$IFDEF MSWINDOWS}Windows,{$ELSE}cthreads, Unix,{$ENDIF}
  SysUtils, Classes, payrack;

type
  { Reads what the cashier types, so that a payment can be cancelled while it is waited for. }
  TReader = class(TThread)
  protected
    procedure Execute; override;
  end;

  TWords = array[0..4] of UTF8String;

var
  English: Boolean;
  Home, Pos_, Module_, Paid: UTF8String;
  Host: pr_host;
  Last: pr_op;
  Lock: TMultiReadExclusiveWriteSynchronizer;
  Typed: array of UTF8String;
  Over: Boolean;

function T(const ru, en: UTF8String): UTF8String;
begin
  if English then
    Result := en
  else
    Result := ru;
end;

procedure Say(const line: UTF8String);
begin
  WriteLn(line);
  Flush(Output);
end;

{ ---- the cashier's lines }

procedure TReader.Execute;
var
  line: UTF8String;
begin
  while not Eof(Input) do
  begin
    ReadLn(Input, line);
    Lock.BeginWrite;
    SetLength(Typed, Length(Typed) + 1);
    Typed[High(Typed)] := line;
    Lock.EndWrite;
  end;
  Over := True;
end;

{ False: there is none yet, or where it waits, none any more. }
function ReadLine(out line: UTF8String; wait: Boolean): Boolean;
var
  i: Integer;
  done: Boolean;
begin
  line := '';
  repeat
    Lock.BeginWrite;
    Result := Length(Typed) > 0;
    if Result then
    begin
      line := Typed[0];
      for i := 1 to High(Typed) do
        Typed[i - 1] := Typed[i];
      SetLength(Typed, Length(Typed) - 1);
    end;
    done := Over and (Length(Typed) = 0);
    Lock.EndWrite;
    if Result or not wait or done then
      Exit;
    Sleep(20);
  until False;
end;

function Ask(const question, standard: UTF8String): UTF8String;
begin
  Say('? ' + question);
  if not ReadLine(Result, True) or (Result = '') then
    Result := standard;
end;

procedure Complain(code: Integer);
var
  text: UTF8String;
begin
  text := '';
  if PrLastCode(Host) = code then
    text := PrLastError(Host);
  if text = '' then
    text := PrErrorText(code, T('ru', 'en'));
  Say(text + ' (' + UTF8String(IntToStr(code)) + ') ' + PrLastHint(Host));
  Say('== refused');
end;

{ The next "key":"text" at or after a place; with a library for JSON you need neither this nor Quoted. }
function JsonText(const json, key: UTF8String; var at: Integer; out text: UTF8String): Boolean;
var
  name: UTF8String;
begin
  text := '';
  name := '"' + key + '":"';
  while (at <= Length(json)) and (Copy(json, at, Length(name)) <> name) do
    Inc(at);
  Result := at <= Length(json);
  Inc(at, Length(name));
  while Result and (at <= Length(json)) and (json[at] <> '"') do
  begin
    if json[at] = '\' then
      Inc(at);
    text := text + json[at];
    Inc(at);
  end;
end;

function Quoted(const text: UTF8String): UTF8String;
var
  i: Integer;
begin
  Result := '"';
  for i := 1 to Length(text) do
    if text[i] < ' ' then
      Result := Result + '\u' + UTF8String(IntToHex(Ord(text[i]), 4))
    else
    begin
      if (text[i] = '"') or (text[i] = '\') then
        Result := Result + '\';
      Result := Result + text[i];
    end;
  Result := Result + '"';
end;

{ ---- operations }

{ A new ref, on disk before anybody else hears of it. A till has a receipt number of its own; here it is the number of the line. }
function NewRef(out receipt: UTF8String): UTF8String;
var
  book: TFileStream;
  name: string;
  before, line: AnsiString;
  i, lines: Integer;
begin
  name := string(Home) + PathDelim + 'cashier.refs';
  if not FileExists(name) then
    TFileStream.Create(name, fmCreate).Free;
  book := TFileStream.Create(name, fmOpenReadWrite or fmShareDenyWrite);
  try
    SetLength(before, book.Size);
    if before <> '' then
      book.ReadBuffer(before[1], Length(before));
    lines := 1;
    for i := 1 to Length(before) do
      if before[i] = #10 then
        Inc(lines);
    receipt := UTF8String(IntToStr(lines));
    Result := Pos_ + '-' + UTF8String(FormatDateTime('yyyymmdd-hhnnss', Now)) + '-' + receipt;
    line := AnsiString(Result) + #10;
    book.WriteBuffer(line[1], Length(line));
    {$IFDEF MSWINDOWS}
    if not FlushFileBuffers(book.Handle) then
    {$ELSE}
    if fpfsync(book.Handle) <> 0 then
    {$ENDIF}
      raise Exception.Create(name + ': the disk does not take it');
  finally
    book.Free;
  end;
end;

function Number(op: pr_op; const key: UTF8String): Int64;
begin
  PrInt(op, key, Result);
end;

procedure Show(op: pr_op; event, id: Integer);
var
  items, title, choice, name: UTF8String;
  at: Integer;
begin
  case event of
    PR_EV_STATUS, PR_EV_CUSTOMER:
      Say('* ' + PrEventStr(op, 'text'));
    PR_EV_QR_SHOW: { png_base64 is a picture for a window }
      begin
        Say(PrEventStr(op, 'qr_text'));
        Say(PrEventStr(op, 'caption'));
        Say(PrEventStr(op, 'payload'));
        Say(T('QR-код показан. Enter - отмена.', 'The QR code is shown. Enter cancels.'));
      end;
    PR_EV_QR_HIDE:
      Say(T('QR-код снят.', 'The QR code is gone.'));
    PR_EV_PRINT:
      begin
        Say(PrEventStr(op, 'text'));
        PrAnswer(op, id, '1');
      end;
    PR_EV_CONFIRM, PR_EV_CHOICE, PR_EV_INPUT:
      begin
        items := PrEventStr(op, 'items');
        at := 1;
        while JsonText(items, 'id', at, choice) and JsonText(items, 'text', at, name) do
          Say('  ' + choice + ' - ' + name);
        title := PrEventStr(op, 'title');
        if title = '' then
          title := PrEventStr(op, 'text');
        if PrAnswer(op, id, Ask(title, PrEventStr(op, 'default'))) < 0 then
          Say(PrLastError(Host));
      end;
  end; { what is not known is skipped }
end;

{ Polls until the outcome. A cancel is a request: what comes then is still the truth. }
function Follow(op: pr_op): Integer;
var
  event, id: Integer;
  line: UTF8String;
begin
  repeat
    Result := PrPoll(op, 100, event, id);
    if Result = PR_EVENT then
      Show(op, event, id)
    else if (Result = PR_WAITING) and ReadLine(line, False) then
    begin
      Say(T('Отменяем...', 'Cancelling...'));
      PrCancel(op, T('кассир', 'cashier'));
    end;
  until (Result <> PR_EVENT) and (Result <> PR_WAITING);
  if Result = PR_FINISHED then
    Result := PrOutcome(op)
  else
    Result := PR_UNKNOWN; { an error says nothing about money }
end;

function Word_(outcome: Integer): UTF8String;
begin
  case outcome of
    PR_OK: Result := 'approved';
    PR_DECLINED: Result := 'declined';
    PR_CANCELLED: Result := 'cancelled';
    PR_UNKNOWN: Result := 'unknown';
    PR_WAITING: Result := 'running';
  else
    Result := 'refused';
  end;
end;

{ Tells the outcome, prints the slips and the receipt, and confirms; or gives the money back where there is no receipt. }
procedure Conclude(op: pr_op; outcome: Integer);
var
  kind, ref, ack, reply: UTF8String;
  amount: Int64;
  copy_, code: Integer;
begin
  if (Last <> 0) and (Last <> op) then
    PrRelease(Last);
  Last := op;
  kind := PrStr(op, 'kind');
  ref := PrStr(op, 'ref');
  amount := Number(op, 'approved_amount');
  ack := '-';
  Say(PrStr(op, 'text'));
  if outcome <> PR_OK then
    Say(PrStr(op, 'hint'));
  for copy_ := 1 to Number(op, 'slips') do
    Say(UTF8String(PrSlip(op, copy_, 'text', 'utf-8', 0)));
  if (outcome = PR_OK) and (Copy(kind, 1, 4) = 'pay.') then
    Paid := ref;
  if (outcome = PR_OK) and (Number(op, 'can_confirm') <> 0) then
  begin
    Say('[' + T('ЧЕК ', 'RECEIPT ') + UTF8String(Format('%d.%.2d', [amount div 100, amount mod 100])) + ']');
    reply := Ask(T('Чек напечатан? 1 - да, 0 - вернуть деньги, пусто - решить позже',
      'Receipt printed? 1 yes, 0 give the money back, empty: decide later'), '');
    code := PR_OK;
    ack := 'left';
    if reply = '1' then
    begin
      code := PrConfirm(op);
      ack := 'confirmed';
    end
    else if reply = '0' then
    begin
      code := PrReverse(op, T('чек не напечатан', 'no receipt'));
      ack := 'reversed';
    end;
    if code < 0 then
    begin
      Complain(code);
      Exit;
    end;
  end;
  Say('== ' + Word_(outcome) + ' ' + ref + ' ' + kind + ' ' + UTF8String(IntToStr(amount)) + ' ' + ack);
end;

procedure Operate(const kind, sum, module, key, value: UTF8String);
var
  ref, receipt, params: UTF8String;
  op: pr_op;
  code: Integer;
begin
  ref := NewRef(receipt);
  params := '{"receipt":' + Quoted(receipt);
  if value <> '' then
    params := params + ',"' + key + '":' + Quoted(value);
  code := PrStart(Host, module, kind, StrToInt64Def(string(sum), 0), ref, params + '}', op);
  if code < 0 then
    Complain(code) { nothing was begun }
  else
    Conclude(op, Follow(op));
end;

{ What an earlier run left: each is waited for, then confirmed or reversed. }
procedure Pending;
var
  refs: array of UTF8String;
  op: pr_op;
  i, count: Integer;
begin
  count := PrPendingCount(Host);
  if count < 0 then
    count := 0;
  SetLength(refs, count);
  for i := 0 to count - 1 do
    refs[i] := PrPendingRef(Host, i);
  for i := 0 to count - 1 do
    if PrAttach(Host, refs[i], op) = PR_OK then
    begin
      Say(T('Не завершена: ', 'Pending: ') + refs[i]);
      Conclude(op, Follow(op));
    end;
  Say('== pending ' + UTF8String(IntToStr(count)));
end;

procedure Classic(code: Integer; op: pr_op);
begin
  if code < 0 then
    Complain(code)
  else
    Conclude(op, code);
end;

procedure Command(const line: UTF8String);
var
  w: TWords;
  i, n, code: Integer;
  op: pr_op;
begin
  for i := 0 to High(w) do
    w[i] := '';
  n := 0;
  for i := 1 to Length(line) do
    if line[i] <> ' ' then
      w[n] := w[n] + line[i]
    else if n < High(w) then
      Inc(n);
  if w[0] = 'online' then
    Operate('pay.online', w[1], Module_, 'system', w[2])
  else if w[0] = 'offline' then
    Operate('pay.offline', w[1], Module_, 'code', w[2])
  else if w[0] = 'refund' then
  begin
    if w[2] = '' then
      w[2] := Paid;
    Operate('refund', w[1], '', 'original_ref', w[2]);
  end
  else if w[0] = 'wait' then
    Conclude(Last, Follow(Last))
  else if w[0] = 'pending' then
    Pending
  else if w[0] = 'report' then
  begin
    code := PrReport(Host, Module_, w[1], op);
    Classic(code, op);
  end
  else if w[0] = 'close' then
  begin
    code := PrCloseDay(Host, Module_, Ord(w[1] = 'detailed'), op);
    Classic(code, op);
  end
  else if w[0] = 'activate' then
  begin
    code := PrActivate(Host, Module_, w[1], w[2], w[3], Ord(w[4] = 'force'));
    if code < 0 then
      Complain(code)
    else
      Say('== approved');
  end
  else if w[0] = 'log' then
  begin
    Say(PrStr(Last, 'log'));
    Say('== log');
  end
  else
  begin
    Say(T('Команды (суммы в копейках): online СУММА [СИСТЕМА]   offline СУММА КОД   refund СУММА [ОПЕРАЦИЯ]   wait   pending',
      'Commands (sums in kopecks): online SUM [SYSTEM]   offline SUM CODE   refund SUM [REF]   wait   pending'));
    Say(T('report [JSON]   close [detailed]   activate ТЕРМИНАЛ НОМЕР КОД [force]   log   exit. Любая строка во время оплаты - отмена.',
      'report [JSON]   close [detailed]   activate TERMINAL SERIAL CODE [force]   log   exit. Any line during a payment cancels it.'));
    Say('== help');
  end;
end;

function Argument(n: Integer; const standard: UTF8String): UTF8String;
begin
  Result := UTF8String(ParamStr(n));
  if Result = '' then
    Result := standard;
end;

{ The console speaks UTF-8. }
procedure SpeakUTF8;
begin
  {$IFDEF MSWINDOWS}
  SetConsoleOutputCP(CP_UTF8);
  SetConsoleCP(CP_UTF8);
  {$ENDIF}
  {$IFDEF FPC}
  SetMultiByteConversionCodePage(CP_UTF8);
  {$ENDIF}
  SetTextCodePage(Input, CP_UTF8);
  SetTextCodePage(Output, CP_UTF8);
end;

const
  Library_ = {$IFDEF MSWINDOWS}'payrack.dll'{$ELSE}'libpayrack.so'{$ENDIF};
var
  line: UTF8String;
  code: Integer;
begin
  SpeakUTF8;
  English := Copy(GetEnvironmentVariable('LANG'), 1, 2) = 'en';
  Home := Argument(1, '.');
  Pos_ := Argument(2, '1');
  Module_ := Argument(3, 'sendy');
  if not PrLoad(Home + PathDelim + Library_) then
  begin
    Say(PrLoadError);
    Halt(1);
  end;
  code := PrOpen(PR_ABI_VERSION, Home, Pos_, PR_F_CONFIRM, Host);
  if code < 0 then
  begin
    Complain(code);
    Halt(1);
  end;
  PrSetOption(Host, 'language', T('ru', 'en'));
  Lock := TMultiReadExclusiveWriteSynchronizer.Create;
  TReader.Create(False).FreeOnTerminate := True;
  Pending;
  while ReadLine(line, True) and (line <> 'exit') do
    Command(line);
  PrClose(Host);
end.
