{ Pays with a callback, from payrack's thread and in a classic call. Arguments: the library, the installation, two codes of customers. }
program callback;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$APPTYPE CONSOLE}

uses
  {$IFNDEF MSWINDOWS}cthreads,{$ENDIF} SysUtils, payrack;

var
  own: TThreadID;
  apart, here: Integer;

{ On a thread of payrack it touches no string: numbers only. }
procedure Heard(user: Pointer; op: pr_op; event, event_id: Integer); cdecl;
begin
  if GetCurrentThreadId = own then
    Inc(here)
  else
    Inc(apart);
end;

var
  host: pr_host;
  op: pr_op;
  event, id, outcome, classic: Integer;
begin
  own := GetCurrentThreadId;
  if not PrLoad(UTF8String(ParamStr(1))) then
    Halt(2);
  if PrOpen(PR_ABI_VERSION, UTF8String(ParamStr(2)), '4', 0, host) < 0 then
    Halt(3);
  PrSetCallback(host, Heard, nil);
  PrStart(host, 'sendy', 'pay.offline', 100, 'back-1', '{"code":"' + UTF8String(ParamStr(3)) + '"}', op);
  while PrPoll(op, 10000, event, id) = PR_WAITING do
    ;
  outcome := PrOutcome(op);
  classic := PrPayOffline(host, 'sendy', 200, 'back-2', UTF8String(ParamStr(4)), op);
  PrSetCallback(host, nil, nil);
  PrClose(host);
  WriteLn('apart ', apart, ' here ', here, ' outcomes ', outcome, ' ', classic);
end.
