@echo off
rem Finds a Python that fits. start.py does all else.
setlocal disabledelayedexpansion
rem A folder that is looked at inside a zip has no start.py.
if not exist "%~dp0start.py" goto zipped
rem Nothing is fetched: the newer py would.
set "PYTHON_MANAGER_AUTOMATIC_INSTALL=false"
set "PYLAUNCHER_ALLOW_INSTALL="
rem -I leaves out what other programs set for a Python of theirs, and what lies in this folder.
set "ANY=import sys; sys.exit(sys.version_info < (3, 8))"
set "FITS=import sys; sys.exit('.'.join(map(str, sys.version_info[:2])) != '@PYTHON@' or sys.maxsize < 2**32)"
rem The last that works is taken. One that does not fit is told so by start.py.
set "RUN="
python -I -c "%ANY%" >nul 2>nul && set "RUN=python"
py -I -c "%ANY%" >nul 2>nul && set "RUN=py"
python -I -c "%FITS%" >nul 2>nul && set "RUN=python"
py -I -c "%FITS%" >nul 2>nul && set "RUN=py"
py -@PYTHON@ -I -c "%FITS%" >nul 2>nul && set "RUN=py -@PYTHON@"
if not defined RUN goto nothing
%RUN% -I "%~dp0start.py" %*
set "CODE=%errorlevel%"
rem Without it, the window is gone before anybody has read what went wrong.
if not "%CODE%"=="0" pause
exit /b %CODE%

:zipped
echo This is inside a zip. Unpack all of it first: right click on the zip, Extract All.
echo Then start from the unpacked folder.
pause
exit /b 1

:nothing
echo No Python was found. This kit needs Python @PYTHON@, 64 bit.
if exist "%~dp0python\*.exe" (
  echo Double click the file in the folder "python" on the stick, then start again.
) else (
  echo Install it from https://www.python.org/downloads/ and start again.
)
pause
exit /b 1
