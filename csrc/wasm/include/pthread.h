#pragma once
/* Go has the lock of a module. */
typedef int pthread_mutex_t, pthread_once_t;
#define PTHREAD_MUTEX_INITIALIZER 0
#define PTHREAD_ONCE_INIT 0
#define pthread_mutex_lock(m) ((void)(m))
#define pthread_mutex_unlock(m) ((void)(m))
#define pthread_once(o, f) ((void)(o), (void)(f))
#define pthread_atfork(a, b, c) ((void)(a), (void)(b), (void)(c))
