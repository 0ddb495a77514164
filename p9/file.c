/*
 * Files: p9file(3).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "p9impl.h"

/* open(2)'s flags, or -1 */
static int
flagsof(int mode)
{
	static const int access[] = {
		[OREAD] = O_RDONLY, [OWRITE] = O_WRONLY, [ORDWR] = O_RDWR, [OEXEC] = O_RDONLY,
	};
	int flags;

	if(mode & ~(3|OTRUNC|OCEXEC|ORCLOSE|OEXCL|OAPPEND))
		return l9err(EINVAL, "bad open mode");
	flags = access[mode & 3];
	if(mode & OTRUNC)
		flags |= O_TRUNC;
	if(mode & OCEXEC)
		flags |= O_CLOEXEC;
	if(mode & OEXCL)
		flags |= O_EXCL;
	if(mode & OAPPEND)
		flags |= O_APPEND;
	return flags;
}

/* a file that goes when it is closed has no name meanwhile */
static int
opened(int fd, const char *file, int mode)
{
	int e;

	if(fd < 0 || (mode & ORCLOSE) == 0 || unlink(file) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

int
p9open(const char *file, int mode)
{
	int flags;

	if(mode & OEXCL)
		return l9err(EINVAL, "bad open mode");
	flags = flagsof(mode);
	if(flags < 0)
		return -1;
	if((mode & 3) == OEXEC && access(file, X_OK) < 0)
		return -1;
	return opened(open(file, flags), file, mode);
}

static int
makedir(const char *file, int mode, mode_t perm)
{
	int flags;

	if((mode & 3) != OREAD || mode & (OTRUNC|ORCLOSE|OAPPEND))
		return l9err(EINVAL, "bad open mode");
	flags = flagsof(mode);
	if(flags < 0 || mkdir(file, perm) < 0)
		return -1;
	return open(file, (flags & ~O_EXCL)|O_DIRECTORY);
}

int
p9create(const char *file, int mode, unsigned long perm)
{
	mode_t bits;
	int flags;

	if(perm & ~(DMDIR|DMAPPEND|DMEXCL|0777UL))
		return l9err(EINVAL, "bad create permissions");
	bits = (mode_t)(perm & 0777);
	if(perm & DMAPPEND)
		mode |= OAPPEND;
	if(perm & DMEXCL)
		mode |= OEXCL;
	if(perm & DMDIR)
		return makedir(file, mode, bits);
	flags = flagsof(mode);
	if(flags < 0)
		return -1;
	return opened(open(file, flags|O_CREAT|O_TRUNC, bits), file, mode);
}

int
p9opentemp(char *name)
{
	return opened(mkstemp(name), name, ORCLOSE);
}

int
p9dup(int from, int to)
{
	return to == -1? dup(from): dup2(from, to);
}

long long
p9seek(int fd, long long n, int type)
{
	static const int whence[] = {SEEK_SET, SEEK_CUR, SEEK_END};

	if(type < 0 || type > 2)
		return l9err(EINVAL, "bad seek type");
	return lseek(fd, n, whence[type]);
}

/* what was read before an error counts */
long
p9readn(int fd, void *buf, long n)
{
	char *p;
	ssize_t m;
	long done;

	if(n < 0)
		return l9err(EINVAL, "negative count");
	p = buf;
	for(done = 0; done < n; done += m){
		m = read(fd, p + done, (size_t)(n - done));
		if(m < 0 && done == 0)
			return -1;
		if(m <= 0)
			break;
	}
	return done;
}
