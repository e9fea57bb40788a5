// Names and groups of users, off the main thread.
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include <napi.h>

Napi::Value LookUpAccount(const Napi::CallbackInfo& info);

#endif
