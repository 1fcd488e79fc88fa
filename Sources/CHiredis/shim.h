// The parser of replies. Connections are NIO's: hiredis speaks TLS from version 1.0 on, and Debian 12 has 0.14.
#pragma once
#include <hiredis/hiredis.h>
