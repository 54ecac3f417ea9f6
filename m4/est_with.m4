dnl Libraries: EST_NEED for those without which nothing works, EST_WITH for those that add something. Each is a line of
dnl configure.ac and a row of the summary.

dnl EST_ROW(name, text): a row of the summary.
AC_DEFUN([EST_ROW], [
  est_row=`printf '%-15s' "$1"`
  est_summary="$est_summary
  $est_row $2"
])

dnl EST_TRY_CFLAGS(flags): each flag that the compiler knows goes into EST_CFLAGS.
AC_DEFUN([EST_TRY_CFLAGS], [
  for est_flag in $1; do
    est_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $est_flag"
    AC_MSG_CHECKING([whether $CC takes $est_flag])
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [est_takes=yes], [est_takes=no])
    AC_MSG_RESULT([$est_takes])
    CFLAGS=$est_saved_CFLAGS
    AS_IF([test $est_takes = yes], [EST_CFLAGS="$EST_CFLAGS $est_flag"])
  done
])

dnl EST_LOOK(PREFIX, pkg-config modules or empty, header, library, function): sets est_found, PREFIX_CFLAGS, PREFIX_LIBS.
dnl A library without a .pc file, or on a machine without pkg-config, is found by its header and function.
AC_DEFUN([EST_LOOK], [
  est_found=no
  m4_ifval([$2], [PKG_CHECK_MODULES([$1], [$2], [est_found=yes], [:])])
  AS_IF([test $est_found = no], [
    AC_CHECK_HEADER([$3], [AC_CHECK_LIB([$4], [$5], [est_found=yes
      $1_LIBS="-l$4"], [], [$LIBS])])
  ])
  AC_SUBST([$1_CFLAGS])
  AC_SUBST([$1_LIBS])
])

dnl EST_NEED(name, PREFIX, pkg-config modules, header, library, function, Debian package)
AC_DEFUN([EST_NEED], [
  EST_LOOK([$2], [$3], [$4], [$5], [$6])
  AS_IF([test $est_found = no], [AC_MSG_ERROR([$1 is needed and was not found: install its development files (Debian: $7), or point CPPFLAGS and LDFLAGS at them])])
  EST_ROW([$1], [yes])
])

dnl EST_FINISH_WITH(name, PREFIX, what it is for): the end of every optional library.
AC_DEFUN([EST_FINISH_WITH], [
  AS_IF([test "x$est_wanted" = xyes && test $est_found = no],
        [AC_MSG_ERROR([--with-$1 was given, but $1 was not found])])
  AS_IF([test $est_found = yes], [
    AC_DEFINE([HAVE_$2], [1], [$3])
    EST_ROW([$1], [yes: $3])
  ], [
    EST_ROW([$1], [no: without $3])
  ])
  AM_CONDITIONAL([HAVE_$2], [test $est_found = yes])
])

dnl EST_WITH(name, PREFIX, pkg-config modules, header, library, function, what it is for)
AC_DEFUN([EST_WITH], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1], [$7 @<:@when found@:>@])], [est_wanted=$withval], [est_wanted=auto])
  est_found=no
  AS_IF([test "x$est_wanted" != xno], [EST_LOOK([$2], [$3], [$4], [$5], [$6])])
  EST_FINISH_WITH([$1], [$2], [$7])
])

dnl EST_WITH_HEADER(name, PREFIX, header, what it is for): a library that is loaded at run time, never linked.
AC_DEFUN([EST_WITH_HEADER], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1], [$4 @<:@when found@:>@])], [est_wanted=$withval], [est_wanted=auto])
  est_found=no
  AS_IF([test "x$est_wanted" != xno], [AC_CHECK_HEADER([$3], [est_found=yes])])
  EST_FINISH_WITH([$1], [$2], [$4])
])

dnl OpenBLAS is called on one thread, so the serial build is taken where it lies beside another. Debian switches between its
dnl builds by links that all carry one soname: only a run path tells them apart. It is a flag of its own, for libtool does not
dnl hand it on to programs that take the library statically.
AC_DEFUN([EST_OPENBLAS], [
  AC_ARG_WITH([openblas], [AS_HELP_STRING([--with-openblas], [matrix products by OpenBLAS @<:@when found@:>@])],
              [est_wanted=$withval], [est_wanted=auto])
  est_found=no
  AS_IF([test "x$est_wanted" != xno], [
    est_multiarch=`$CC -print-multiarch 2>/dev/null`
    est_serial=/usr/lib/$est_multiarch/openblas-serial
    AS_IF([test "x$OPENBLAS_LIBS" = x && test -f "$est_serial/libopenblas.so" && test -f "/usr/include/$est_multiarch/openblas-serial/cblas.h"], [
      OPENBLAS_CFLAGS="-I/usr/include/$est_multiarch/openblas-serial"
      OPENBLAS_LIBS="-L$est_serial -lopenblas"
      OPENBLAS_LDFLAGS="-Wl,-rpath,$est_serial"
    ])
    EST_LOOK([OPENBLAS], [openblas], [cblas.h], [openblas], [cblas_sgemm])
    AC_SUBST([OPENBLAS_LDFLAGS])
  ])
  EST_FINISH_WITH([openblas], [OPENBLAS], [fast matrix products])
])

dnl CUnit is for `make check` alone.
AC_DEFUN([EST_CUNIT], [
  EST_LOOK([CUNIT], [cunit], [CUnit/CUnit.h], [cunit], [CU_initialize_registry])
  AM_CONDITIONAL([HAVE_CUNIT], [test $est_found = yes])
  EST_ROW([CUnit], [$est_found (make check)])
])

dnl --enable-sanitizer=address,undefined: the whole build with those sanitizers.
AC_DEFUN([EST_SANITIZER], [
  AC_ARG_ENABLE([sanitizer], [AS_HELP_STRING([--enable-sanitizer=LIST], [build with address, undefined, thread @<:@none@:>@])],
                [est_sanitizer=$enableval], [est_sanitizer=no])
  AS_CASE([$est_sanitizer],
    [no], [est_sanitizer=none],
    [yes], [est_sanitizer=address,undefined])
  AS_IF([test "x$est_sanitizer" != xnone], [
    est_flags="-fsanitize=$est_sanitizer -fno-omit-frame-pointer"
    AS_CASE([$est_sanitizer], [*undefined*], [est_flags="$est_flags -fno-sanitize-recover=undefined"])
    est_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $est_flags"
    AC_MSG_CHECKING([whether $CC links with -fsanitize=$est_sanitizer])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])],
                   [AC_MSG_RESULT([no])
                    AC_MSG_ERROR([--enable-sanitizer=$est_sanitizer: the compiler cannot build with it])])
    CFLAGS=$est_saved_CFLAGS
    EST_CFLAGS="$EST_CFLAGS $est_flags"
    EST_LDFLAGS="-fsanitize=$est_sanitizer"
  ])
  AC_SUBST([est_sanitizer])
])
