// Users, groups, and giving up root.
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include <napi.h>

Napi::Value FindUser(const Napi::CallbackInfo& info);
Napi::Value FindGroup(const Napi::CallbackInfo& info);
Napi::Value DropPrivileges(const Napi::CallbackInfo& info);

#endif
